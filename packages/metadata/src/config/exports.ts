/** The public names of the configuration tables; `src/index.ts` exports this file whole. */

export type {
  ConfigImportance,
  ConfigKey,
  ConfigRule,
  ConfigStatus,
  ConfigSynonym,
  ConfigTable,
  ConfigType,
  ConfigUnit,
  ConfigUpdateMode,
  ConfigValue,
} from './config-key.ts';
