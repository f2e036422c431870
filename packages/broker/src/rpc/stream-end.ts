/**
 * When a gRPC stream is over, told exactly once, whichever way it ended.
 *
 * grpc-js says so in several ways and in none of them always: a client stream's only certain event is `status`; a server
 * stream ends with `cancelled` when the peer or its connection is gone, with `end` when the peer has finished.
 */
import type { ClientDuplexStream, ServerDuplexStream, StatusObject } from '@grpc/grpc-js';

export function onClientStreamEnd<Req, Res>(call: ClientDuplexStream<Req, Res>, onEnd: (reason: string) => void): void {
  // Without a listener, a failed stream would end the process.
  call.on('error', () => undefined);
  call.on('status', (status: StatusObject) => onEnd(status.details === '' ? 'the peer ended the stream' : status.details));
}

export function onServerStreamEnd<Req, Res>(call: ServerDuplexStream<Req, Res>, onEnd: () => void): void {
  let isOver = false;
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    onEnd();
    call.end();
  };
  call.on('error', finish);
  call.on('cancelled', finish);
  call.on('end', finish);
  call.on('close', finish);
}
