/**
 * Program: the proxies at one broker's door. link-agents.ts starts it in the broker's namespace and tells it, over the pipe
 * between parent and child, whose connections to disturb and how.
 *
 *   link-agent.js ADDRESS PORT:PROXYPORT…
 */
import { TcpProxy, type LinkFault } from './tcp-proxy.ts';

/** What the parent says: a fault for the connections from an address, or (without a source) that all is well again. */
export interface LinkOrder {
  readonly source?: string;
  readonly fault?: LinkFault;
}

const [host = '', ...pairs] = process.argv.slice(2);
const proxies = await Promise.all(
  pairs.map((pair) => {
    const [port = 0, proxyPort = 0] = pair.split(':').map(Number);
    return TcpProxy.listen({ host: '0.0.0.0', port: proxyPort }, { target: { host, port } });
  }),
);
process.on('message', ({ source, fault }: LinkOrder) => {
  for (const proxy of proxies) {
    if (source === undefined) proxy.heal();
    else proxy.setFault(source, fault);
  }
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit());
process.send?.('ready');
