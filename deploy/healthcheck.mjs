// The container's health check: asks this broker's own admin server whether it is ready for clients (registered,
// caught up, not fenced). Exit code 0 when it is, 1 with the reasons when it is not or does not answer.
import { get } from 'node:http';

const port = Number(process.env.JACKDAW_ADMIN_PORT ?? process.env.KAFKA_ADMIN_PORT ?? 9644);

const request = get({ host: '127.0.0.1', port, path: '/health/ready', timeout: 2_000 }, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
request.on('error', (error) => {
  console.error(`admin server on port ${port}: ${error.message}`);
  process.exitCode = 1;
});
