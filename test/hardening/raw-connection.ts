/**
 * A Kafka connection without manners: any bytes go out, whole response frames and the end of the connection come in.
 *
 * Nothing here retries or interprets: a test says what it sends and what must come back. Every wait has a limit and a name.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  apiDefinitions,
  decodeBody,
  encodeRequestFrame,
  Reader,
  readResponseHeader,
  type MessageSchema,
  type RequestHeader,
} from '@jackdaw/protocol';

/** Longest wait for an answer or an end; generous, for the machine may be busy. */
export const patienceMs = 20_000;

export interface RawRequest<B, D, R> {
  readonly request: MessageSchema<B, D>;
  readonly response: MessageSchema<R>;
  readonly version: number;
  readonly body: D;
  readonly clientId?: string | null;
  readonly timeoutMs?: number;
}

export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #totalBytes = 0;
  #isEnded = false;
  #correlationId = 1_000;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#receivedBytes += chunk.length;
      this.#totalBytes += chunk.length;
      this.#wake?.();
    });
    // A reset is an end like any other here; 'close' follows it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ port, host });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** All bytes that ever came. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  send(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#socket.write(chunk);
  }

  /** Says that nothing more will be sent, and still reads. */
  finish(): void {
    this.#socket.end();
  }

  /** Stops reading: the peer's bytes pile up on its side. */
  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next whole response frame without its length, or null when the connection ended first. */
  async nextFrame(timeoutMs = patienceMs): Promise<Buffer | null> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const frame = this.#takeFrame();
      if (frame !== null) return frame;
      if (this.#isEnded) return null;
      await this.#waitUntil(deadline, `a response within ${timeoutMs} ms`);
    }
  }

  /** Waits for the end of the connection; answers that come before are dropped. */
  async whenEnded(timeoutMs = patienceMs): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#isEnded) {
      this.#received = [];
      this.#receivedBytes = 0;
      await this.#waitUntil(deadline, `the end of the connection within ${timeoutMs} ms`);
    }
  }

  /** Sends one well-formed request and returns its decoded answer. */
  async request<B, D, R>(options: RawRequest<B, D, R>): Promise<R> {
    const header = this.#header(options);
    this.send(...encodeRequestFrame({ schema: options.request, header, body: options.body }));
    const frame = await this.nextFrame(options.timeoutMs);
    if (frame === null) throw new Error(`the connection ended instead of an answer to ${options.request.name}`);
    return this.decode(frame, { ...options, correlationId: header.correlationId });
  }

  /** Decodes an answer, which must be to the request with this correlation id. */
  decode<R>(
    frame: Buffer,
    { response, version, correlationId }: { response: MessageSchema<R>; version: number; correlationId: number },
  ): R {
    const reader = new Reader(frame);
    const answered = readResponseHeader(reader, response.key ?? -1, version);
    if (answered !== correlationId) throw new Error(`the answer is to request ${answered}, not ${correlationId}`);
    return decodeBody(response, version, reader);
  }

  close(): void {
    this.#socket.destroy();
  }

  #header({
    request,
    version,
    clientId = 'hardening',
  }: Pick<RawRequest<never, never, never>, 'version' | 'clientId'> & {
    request: { readonly key: number | null };
  }): RequestHeader {
    return { apiKey: request.key ?? -1, apiVersion: version, correlationId: ++this.#correlationId, clientId };
  }

  #takeFrame(): Buffer | null {
    if (this.#receivedBytes < 4) return null;
    const all = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
    this.#received = [all];
    const end = 4 + all.readInt32BE(0);
    if (all.length < end) return null;
    this.#received = end < all.length ? [all.subarray(end)] : [];
    this.#receivedBytes = all.length - end;
    return all.subarray(4, end);
  }

  async #waitUntil(deadline: number, what: string): Promise<void> {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw new Error(`waited in vain for ${what}`);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, leftMs);
    });
    clearTimeout(timer);
    this.#wake = null;
  }
}

/** A request frame with its length, for whatever header and body bytes. */
export function frameOf(...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const length = Buffer.alloc(4);
  length.writeInt32BE(size);
  return Buffer.concat([length, ...parts]);
}

/** Header version 1 (2 for `isFlexible`): key, version, correlation id, client id. */
export function headerBytes(header: { apiKey: number; apiVersion: number; correlationId: number }, isFlexible = false): Buffer {
  const bytes = Buffer.alloc(isFlexible ? 11 : 10);
  bytes.writeInt16BE(header.apiKey, 0);
  bytes.writeInt16BE(header.apiVersion, 2);
  bytes.writeInt32BE(header.correlationId, 4);
  bytes.writeInt16BE(-1, 8);
  return bytes;
}

/** All served versions of an API that we know, or a throw. */
export function versionsOf(apiKey: number): readonly [first: number, last: number] {
  const definition = apiDefinitions.get(apiKey);
  if (definition === undefined) throw new RangeError(`no API ${apiKey}`);
  return [definition.minVersion, definition.maxVersion];
}
