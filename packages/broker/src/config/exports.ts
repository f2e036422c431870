/** The public names of the broker's configuration; `src/index.ts` exports this file whole. */

export type { BrokerConfig, LogFormat, LogLevel } from './broker-config.ts';
export type { SettingOrigin, SettingSource } from './complaints.ts';
export { addressText, isLoopbackHost, isWildcardHost, type Endpoint, type VoterConfig } from './endpoints.ts';
export { environmentName } from './environment.ts';
export { effectiveSettings, loadConfig, type EffectiveSetting, type LoadedConfig, type LoadOptions } from './load-config.ts';
export type { ListenerConfig, NetworkConfig } from './network-config.ts';
