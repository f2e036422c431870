/**
 * What a broker tells the controller about itself when it registers.
 */
import { supportedFeatures } from '@jackdaw/metadata';
import type { BrokerRegistrationRequestDraft } from '@jackdaw/protocol';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { ListenerConfig } from '../config/network-config.ts';

/** A listener with the port that it has in fact bound. */
export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What clients are told. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
}

export interface RegistrationFacts {
  readonly clusterId: string;
  readonly incarnationId: string;
  /** Kafka listeners, and the gRPC listener under its own name: followers look it up there. */
  readonly listeners: readonly BoundListener[];
  readonly logDirs: readonly string[];
  /** Broker epoch in the clean-shutdown marker, −1 after an unclean stop (A18). */
  readonly previousBrokerEpoch: number;
}

const plaintext = 0;

export function registrationOf(config: BrokerConfig, facts: RegistrationFacts): BrokerRegistrationRequestDraft {
  return {
    brokerId: config.nodeId,
    clusterId: facts.clusterId,
    incarnationId: facts.incarnationId,
    listeners: facts.listeners.flatMap(({ name, advertised }) =>
      advertised === null ? [] : [{ name, host: advertised.host, port: advertised.port, securityProtocol: plaintext }],
    ),
    features: [...supportedFeatures],
    rack: config.rack,
    logDirs: [...facts.logDirs],
    previousBrokerEpoch: facts.previousBrokerEpoch,
  };
}

/** The listener as bound; an advertised port of 0 follows the bound one. */
export function boundListener({ name, host, advertised }: ListenerConfig, port: number): BoundListener {
  return { name, host, port, advertised: advertised === null ? null : { host: advertised.host, port: advertised.port || port } };
}
