/**
 * Many client connections to one broker that are open and ask for little: each has negotiated its versions, and some ask
 * again every second.
 */
import { Connection, resolveOptions, apis } from '@jackdaw/client';

const openAtOnce = 100;

export class IdleConnections {
  readonly #open: Connection[] = [];
  #asking: NodeJS.Timeout | undefined;
  #turn = 0;

  /** Opens `count` more. */
  async open(address: { host: string; port: number }, count: number): Promise<void> {
    const options = resolveOptions({ bootstrapServers: `${address.host}:${address.port}`, requestTimeoutMs: 60_000 });
    for (let opened = 0; opened < count; opened += openAtOnce) {
      const some = Array.from({ length: Math.min(openAtOnce, count - opened) }, () => Connection.open(address, options));
      this.#open.push(...(await Promise.all(some)));
    }
  }

  get count(): number {
    return this.#open.length;
  }

  /** From now on each asks for the versions once a second, spread over the second. */
  askEverySecond(): void {
    const ticksPerSecond = 50;
    this.#asking = setInterval(() => {
      for (let i = 0; i < this.#open.length / ticksPerSecond; i++) {
        const connection = this.#open[this.#turn++ % this.#open.length];
        connection?.call(apis.apiVersions, { clientSoftwareName: 'bench', clientSoftwareVersion: '1' }).catch(() => undefined);
      }
    }, 1_000 / ticksPerSecond);
  }

  close(): void {
    clearInterval(this.#asking);
    for (const connection of this.#open) connection.close();
    this.#open.length = 0;
  }
}
