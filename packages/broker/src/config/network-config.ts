/**
 * Listeners, advertised addresses and voters of one broker, derived from the configuration's texts and checked against
 * each other. Kafka's rules (`KafkaConfig.validateValues`), plus what follows from Jackdaw's controller listener, which
 * every node has: it carries gRPC between brokers.
 */

import type { ConfigView } from '@jackdaw/metadata';
import type { Complaints } from './complaints.ts';
import {
  addressText,
  isLoopbackHost,
  isWildcardHost,
  parseEndpoints,
  parseProtocolMap,
  parseVoters,
  type Endpoint,
  type Parsed,
  type VoterConfig,
} from './endpoints.ts';

export interface ListenerConfig {
  readonly name: string;
  /** Host to bind; empty is every interface. */
  readonly host: string;
  /** Port to bind; 0 takes a free one. */
  readonly port: number;
  /** What clients (or peers) are told; null when `advertised.listeners` leaves it out. Port 0 follows the bound port. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
}

export interface NetworkConfig {
  readonly listeners: readonly ListenerConfig[];
  readonly controllerListener: ListenerConfig;
  /** Listener name for Kafka clients inside the cluster; null when this node has no Kafka listener. */
  readonly interBrokerListenerName: string | null;
  readonly voters: readonly VoterConfig[];
}

export interface NetworkInput {
  readonly view: ConfigView;
  readonly nodeId: number;
  readonly roles: { readonly broker: boolean; readonly controller: boolean };
  /** The machine's name: advertised for a listener with an empty host. */
  readonly hostname: string;
  readonly complaints: Complaints;
}

/** How far above the first Kafka port the controller listener is when nothing says where. */
const controllerPortOffset = 100;
const voterCounts: readonly number[] = [1, 3, 5];
const protocolNames: ReadonlySet<string> = new Set(['SSL', 'SASL_PLAINTEXT', 'SASL_SSL']);

/** The network part, or null when something in it is wrong (the complaints say what). */
export function networkConfig(input: NetworkInput): NetworkConfig | null {
  const { complaints } = input;
  const errorsBefore = complaints.errors.length;
  const advertised = endpointsOf(input, 'advertised.listeners');
  const bound = boundEndpoints(input, advertised);
  const voters = votersOf(input);
  const controllerName = controllerListenerName(input);
  if (complaints.errors.length > errorsBefore) return null;

  const kafka = bound.filter((endpoint) => endpoint.name !== controllerName);
  const controller = bound.find((endpoint) => endpoint.name === controllerName) ?? derivedController(input, kafka[0], voters);
  checkRoles(input, kafka);
  checkPorts(input, [...kafka, controller]);
  checkProtocols(input, [...kafka, controller]);
  checkAdvertised(input, advertised, [...kafka, controller]);
  const listeners = kafka.map((endpoint) => listenerOf(input, endpoint, advertised));
  const voter = voters.find(({ id }) => id === input.nodeId);
  const controllerListener = controllerListenerOf(input, { controller, advertised, voter });
  const finalVoters = voters.length > 0 ? voters : [selfAsVoter(input.nodeId, controllerListener)];
  checkVoters(input, voters);
  const interBrokerListenerName = interBrokerName(input, listeners);
  if (complaints.errors.length > errorsBefore) return null;
  return {
    listeners,
    controllerListener,
    interBrokerListenerName,
    voters: finalVoters,
  };
}

function endpointsOf(input: NetworkInput, key: string): Endpoint[] {
  return valueOrComplaint(input, key, parseEndpoints(input.view.list(key)));
}

function valueOrComplaint<T>(input: NetworkInput, key: string, parsed: Parsed<T[]>): T[] {
  if (parsed.ok) return parsed.value;
  input.complaints.error(key, parsed.error);
  return [];
}

/** `listeners`; when only the advertised ones are given, those with every interface as host (Apache's image's rule). */
function boundEndpoints(input: NetworkInput, advertised: readonly Endpoint[]): Endpoint[] {
  const { view } = input;
  if (!view.isSet('listeners') && advertised.length > 0) return advertised.map((endpoint) => ({ ...endpoint, host: '' }));
  const endpoints = endpointsOf(input, 'listeners');
  if (view.isSet('listeners')) return endpoints;
  // Of the default, only the Kafka listener: the controller's name, host and port follow from other keys.
  return input.roles.broker ? endpoints.filter((endpoint) => endpoint.name !== 'CONTROLLER') : [];
}

function controllerListenerName(input: NetworkInput): string {
  const names = input.view.list('controller.listener.names');
  if (names.length > 1) {
    input.complaints.warn(`controller.listener.names=${names.join(',')}: only the first one, ${names[0]}, is used`);
  }
  return (names[0] ?? 'CONTROLLER').toUpperCase();
}

function derivedController(input: NetworkInput, kafka: Endpoint | undefined, voters: readonly VoterConfig[]): Endpoint {
  const name = controllerListenerName(input);
  const own = voters.find(({ id }) => id === input.nodeId);
  const isKafkaHostGiven = input.view.isSet('listeners') || input.view.isSet('advertised.listeners');
  if (own !== undefined && kafka !== undefined && isKafkaHostGiven) return { name, host: kafka.host, port: own.port };
  // Peers must reach what the voters' list promises them, also when Kafka clients are served on localhost by default.
  if (own !== undefined) return { name, host: isLoopbackHost(own.host) ? own.host : '', port: own.port };
  const host = kafka?.host ?? '';
  const kafkaPort = kafka?.port ?? 0;
  const port = kafkaPort === 0 ? 0 : kafkaPort + controllerPortOffset;
  if (port > 65_535) {
    input.complaints.error('listeners', `the controller listener would get port ${port}; give it one, as ${name}://host:port`);
  }
  return { name, host, port };
}

function checkRoles(input: NetworkInput, kafka: readonly Endpoint[]): void {
  const { roles, complaints } = input;
  if (roles.broker && kafka.length === 0) {
    complaints.error('listeners', 'a broker needs a listener for Kafka clients; add one, such as PLAINTEXT://localhost:9092');
  }
  if (!roles.broker && kafka.length > 0) {
    const names = kafka.map(({ name }) => name).join(', ');
    complaints.error('listeners', `process.roles=controller serves no Kafka clients; remove ${names}, or add the broker role`);
  }
}

function checkPorts(input: NetworkInput, endpoints: readonly Endpoint[]): void {
  const { view, complaints } = input;
  const taken: Endpoint[] = [];
  for (const endpoint of endpoints) {
    const other = taken.find((candidate) => endpoint.port !== 0 && collide(candidate, endpoint));
    if (other !== undefined) {
      complaints.error('listeners', `${other.name} and ${endpoint.name} both take port ${endpoint.port}; give each its own`);
    }
    taken.push(endpoint);
  }
  const admin = { name: 'admin', host: view.string('admin.host') ?? '', port: view.number('admin.port') };
  const clash = taken.find((endpoint) => admin.port > 0 && collide(endpoint, admin));
  if (clash !== undefined) {
    complaints.error(
      'admin.port',
      `the listener ${clash.name} takes this port; choose another one, 0 for a free one or -1 for none`,
    );
  }
}

function collide(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && (a.host === b.host || isWildcardHost(a.host) || isWildcardHost(b.host));
}

/** No TLS and no authentication here: whoever asks for them must not get an open port instead. */
function checkProtocols(input: NetworkInput, endpoints: readonly Endpoint[]): void {
  const { view, complaints } = input;
  const map = parseProtocolMap(view.string('listener.security.protocol.map') ?? '');
  if (!map.ok) {
    complaints.error('listener.security.protocol.map', map.error);
    return;
  }
  for (const { name } of endpoints) {
    const protocol = map.value.get(name) ?? (protocolNames.has(name) ? name : 'PLAINTEXT');
    if (protocol === 'PLAINTEXT') continue;
    const remedy = `remove the listener or map it to PLAINTEXT on a network that only your clients reach`;
    complaints.error(
      'listener.security.protocol.map',
      `${name} asks for ${protocol}; this version speaks PLAINTEXT only: ${remedy}`,
    );
  }
}

function checkAdvertised(input: NetworkInput, advertised: readonly Endpoint[], endpoints: readonly Endpoint[]): void {
  const { complaints } = input;
  const names = endpoints.map(({ name }) => name);
  for (const endpoint of advertised) {
    if (!names.includes(endpoint.name)) {
      complaints.error('advertised.listeners', `there is no listener ${endpoint.name}; listeners has ${names.join(', ')}`);
    }
    if (isWildcardHost(endpoint.host)) {
      const shown = addressText(endpoint);
      complaints.error(
        'advertised.listeners',
        `${endpoint.name}://${shown} is no address that a client can connect to; ` +
          'write the name or address by which clients reach this broker',
      );
    }
  }
}

function listenerOf(input: NetworkInput, endpoint: Endpoint, advertised: readonly Endpoint[]): ListenerConfig {
  const told = advertised.find(({ name }) => name === endpoint.name);
  if (told !== undefined) return { ...endpoint, advertised: { host: told.host, port: told.port } };
  if (advertised.some(({ name }) => name !== controllerListenerName(input))) return { ...endpoint, advertised: null };
  if (endpoint.host !== '' && isWildcardHost(endpoint.host)) {
    const { name, port } = endpoint;
    input.complaints.error(
      'listeners',
      `${name} binds ${addressText(endpoint)}, which no client can connect to, and nothing else is advertised; ` +
        `set advertised.listeners=${name}://<host that clients use>:${port}`,
    );
  }
  return { ...endpoint, advertised: { host: endpoint.host === '' ? input.hostname : endpoint.host, port: endpoint.port } };
}

interface ControllerParts {
  readonly controller: Endpoint;
  readonly advertised: readonly Endpoint[];
  readonly voter: VoterConfig | undefined;
}

/** Peers are told: the advertised entry, else this node's entry among the voters, else the bound address. */
function controllerListenerOf(input: NetworkInput, { controller, advertised, voter }: ControllerParts): ListenerConfig {
  if (voter !== undefined && voter.port !== controller.port) {
    input.complaints.warn(
      `controller.quorum.voters says port ${voter.port} of this node, but ${controller.name} listens on ${controller.port}: ` +
        'right only if something forwards the one to the other',
    );
  }
  const told = advertised.find(({ name }) => name === controller.name) ?? voter;
  if (told !== undefined) return { ...controller, advertised: { host: told.host, port: told.port } };
  const host = isWildcardHost(controller.host) ? input.hostname : controller.host;
  return { ...controller, advertised: { host, port: controller.port } };
}

function votersOf(input: NetworkInput): VoterConfig[] {
  const { view, complaints } = input;
  const voters = valueOrComplaint(input, 'controller.quorum.voters', parseVoters(view.list('controller.quorum.voters')));
  const bootstrap = view.list('controller.quorum.bootstrap.servers');
  if (voters.length === 0 && bootstrap.length > 1) {
    complaints.error(
      'controller.quorum.bootstrap.servers',
      'a quorum of several nodes needs their ids; set controller.quorum.voters=id@host:port,… instead',
    );
  }
  return voters;
}

function checkVoters(input: NetworkInput, voters: readonly VoterConfig[]): void {
  const { nodeId, roles, complaints } = input;
  const key = 'controller.quorum.voters';
  const isVoter = voters.some(({ id }) => id === nodeId);
  if (voters.length === 0) {
    if (roles.controller || complaints.errors.length > 0) return;
    complaints.error(key, 'a node without the controller role must be told where the controllers are: id@host:port,…');
    return;
  }
  if (!voterCounts.includes(voters.length)) {
    const reason = voters.length % 2 === 0 ? 'an even number tolerates no more failures than one less' : 'more only slow it down';
    complaints.error(key, `${voters.length} voters; a quorum has 1, 3 or 5 (${reason})`);
  }
  if (roles.controller && !isVoter) {
    const ids = voters.map(({ id }) => id).join(', ');
    complaints.error(
      key,
      `node.id=${nodeId} has the controller role but is not among the voters (${ids}); add it or change node.id`,
    );
  }
  if (!roles.controller && isVoter) {
    complaints.error(key, `node.id=${nodeId} is among the voters but has no controller role; add controller to process.roles`);
  }
}

function selfAsVoter(nodeId: number, listener: ListenerConfig): VoterConfig {
  return { id: nodeId, host: listener.advertised?.host ?? listener.host, port: listener.advertised?.port ?? listener.port };
}

function interBrokerName(input: NetworkInput, listeners: readonly ListenerConfig[]): string | null {
  const { view, complaints } = input;
  const advertisedNames = listeners.filter(({ advertised }) => advertised !== null).map(({ name }) => name);
  const asked = view.string('inter.broker.listener.name')?.toUpperCase() ?? null;
  if (asked === null) return advertisedNames.includes('PLAINTEXT') ? 'PLAINTEXT' : (advertisedNames[0] ?? null);
  if (advertisedNames.includes(asked) || !input.roles.broker) return asked;
  complaints.error('inter.broker.listener.name', `it must be an advertised listener: ${advertisedNames.join(', ')}`);
  return null;
}
