/**
 * The broker package, loaded only when a command needs it: a broker is much code to load.
 */
import type * as brokerPackage from '@jackdaw/broker';

type BrokerPackage = typeof brokerPackage;

/** One export of the broker package. */
export async function fromBroker<Name extends keyof BrokerPackage>(name: Name): Promise<BrokerPackage[Name]> {
  return (await import('@jackdaw/broker'))[name];
}
