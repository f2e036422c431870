/**
 * The broker package, loaded only when a command needs it: a broker is much code to load.
 */
import type * as brokerPackage from '@jackdaw/broker';
import type { Codecs } from '@jackdaw/protocol';

type BrokerPackage = typeof brokerPackage;

/** One export of the broker package. */
export async function fromBroker<Name extends keyof BrokerPackage>(name: Name): Promise<BrokerPackage[Name]> {
  return (await import('@jackdaw/broker'))[name];
}

/** The record codecs alone, without the rest of the broker. */
export async function loadCodecs(): Promise<Codecs> {
  return (await import('@jackdaw/broker/codecs')).nodeCodecs;
}
