/**
 * The texts of `listeners`, `advertised.listeners`, `listener.security.protocol.map` and `controller.quorum.voters`,
 * parsed. Only their form is looked at here; what they must say together is `network-config.ts`.
 */

export interface Endpoint {
  /** Listener name in capitals, as Kafka normalises it. */
  readonly name: string;
  /** Empty means every interface. IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
}

export interface VoterConfig {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

const wildcardHosts: ReadonlySet<string> = new Set(['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0', '[::]']);

/** Whether a listener on this host takes connections on every interface. */
export function isWildcardHost(host: string): boolean {
  return wildcardHosts.has(host);
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

export function parseEndpoints(texts: readonly string[]): Parsed<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (const text of texts) {
    const match = /^([A-Za-z0-9_.-]+):\/\/(.*)$/.exec(text);
    if (match === null) return { ok: false, error: `"${text}" is not of the form NAME://host:port` };
    const address = parseAddress(match[2] ?? '', { minPort: 0 });
    if (!address.ok) return { ok: false, error: `"${text}": ${address.error}` };
    const name = (match[1] ?? '').toUpperCase();
    if (endpoints.some((endpoint) => endpoint.name === name)) {
      return { ok: false, error: `the listener ${name} comes twice; each listener needs a name of its own` };
    }
    endpoints.push({ name, ...address.value });
  }
  return { ok: true, value: endpoints };
}

export function parseVoters(texts: readonly string[]): Parsed<VoterConfig[]> {
  const voters: VoterConfig[] = [];
  for (const text of texts) {
    const match = /^(\d{1,10})@(.*)$/.exec(text);
    if (match === null) return { ok: false, error: `"${text}" is not of the form id@host:port` };
    const address = parseAddress(match[2] ?? '', { minPort: 1 });
    if (!address.ok) return { ok: false, error: `"${text}": ${address.error}` };
    const id = Number(match[1]);
    if (id > 2 ** 31 - 1) return { ok: false, error: `"${text}": the id must be at most 2147483647` };
    if (isWildcardHost(address.value.host)) {
      return { ok: false, error: `"${text}": the other brokers cannot connect to "${address.value.host}"; name the host` };
    }
    if (voters.some((voter) => voter.id === id)) return { ok: false, error: `the id ${id} comes twice` };
    const { host, port } = address.value;
    if (voters.some((voter) => voter.host === host && voter.port === port)) {
      return { ok: false, error: `the address ${host}:${port} comes twice` };
    }
    voters.push({ id, host, port });
  }
  return { ok: true, value: voters };
}

/** `NAME:PROTOCOL,…` as a Map; names in capitals. */
export function parseProtocolMap(text: string): Parsed<Map<string, string>> {
  const map = new Map<string, string>();
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    const match = /^([A-Za-z0-9_.-]+):([A-Za-z_]+)$/.exec(item);
    if (match === null) return { ok: false, error: `"${item}" is not of the form NAME:PROTOCOL` };
    map.set((match[1] ?? '').toUpperCase(), (match[2] ?? '').toUpperCase());
  }
  return { ok: true, value: map };
}

export function parseAddress(text: string, limits: { readonly minPort: number }): Parsed<{ host: string; port: number }> {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(text);
  if (match === null) {
    const hint = /:.*:/.test(text) && !text.startsWith('[') ? ' (an IPv6 address goes in brackets: [::1]:9092)' : '';
    return { ok: false, error: `"${text}" is not host:port${hint}` };
  }
  const port = Number(match[3]);
  if (port < limits.minPort || port > 65_535) {
    return { ok: false, error: `the port ${port} is not between ${limits.minPort} and 65535` };
  }
  return { ok: true, value: { host: match[1] ?? match[2] ?? '', port } };
}

/** `host:port`, an IPv6 host in brackets. */
export function addressText(address: { readonly host: string; readonly port: number }): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
