/**
 * The two lists of outgoing messages. Which list a kind goes to is decided here and nowhere else (E2).
 *
 * After the write: whatever states that something is durable. That is each granted vote and each acknowledgement, and
 * also the request for votes: it names the end of the candidate's log, and if that end were lost in a crash, votes
 * given for it could elect the restarted candidate in the same term with a shorter log.
 * At once: what a crash cannot make false. Appends may leave before the leader's own write (thesis §10.2.1), because
 * the leader counts itself only after it; a pre-vote promises nothing.
 */

import type { RaftCore } from './core.ts';
import { maxOutboxMessages } from './limits.ts';
import type { RaftMessage } from './messages.ts';

export function send(core: RaftCore, message: RaftMessage): void {
  const list = isPromise(message) ? core.outboxAfterPersist : core.outbox;
  if (list.length < maxOutboxMessages) list.push(message);
}

function isPromise(message: RaftMessage): boolean {
  switch (message.kind) {
    case 'vote':
    case 'voteReply':
    case 'appendReply':
      return true;
    case 'preVote':
    case 'preVoteReply':
    case 'append':
    case 'heartbeat':
    case 'heartbeatReply':
    case 'snapshot':
    case 'timeoutNow':
    case 'observe':
    case 'leaderHint':
      return false;
  }
}
