/**
 * Messages, entries and Readies as one line of text each.
 */

import type { Entry, RaftMessage, Ready } from '../../src/index.ts';
import { contentOf } from '../simulation/content.ts';

export function formatEntry(entry: Entry): string {
  return `${entry.term}/${entry.index} ${contentOf(entry)}`;
}

export function formatMessage(message: RaftMessage): string {
  const term = 'term' in message ? ` t${message.term}` : '';
  return `${message.from}->${message.to} ${message.kind}${term}${formatBody(message)}`;
}

function formatBody(message: RaftMessage): string {
  switch (message.kind) {
    case 'preVote':
    case 'vote':
    case 'observe': {
      const transfer = message.kind === 'vote' && message.isTransfer ? ' transfer' : '';
      return ` log=${message.lastTerm}/${message.lastIndex} dir=${message.directoryId}${transfer}`;
    }
    case 'preVoteReply':
    case 'voteReply':
      return message.isGranted ? ' granted' : message.isUnknownIdentity ? ' refused: unknown identity' : ' refused';
    case 'append': {
      const entries = message.entries.map(formatEntry).join(', ');
      return ` after=${message.prevTerm}/${message.prevIndex} commit=${message.commitIndex} [${entries}]`;
    }
    case 'appendReply':
      if (message.rejection === null) return ` match=${message.matchIndex}`;
      return ` rejected=${message.rejection.rejectedIndex} hint=${message.rejection.hintTerm}/${message.rejection.hintIndex}`;
    case 'heartbeat':
      return ` commit=${message.commitTerm}/${message.commitIndex} round=${message.round}`;
    case 'heartbeatReply':
      return ` round=${message.round}`;
    case 'snapshot':
      return ` at=${message.snapshot.metadata.term}/${message.snapshot.metadata.index}`;
    case 'timeoutNow':
      return '';
    case 'leaderHint':
      return ` leader=${message.leaderId}`;
  }
}

export function formatReady(ready: Ready): string[] {
  const lines: string[] = [];
  if (ready.softState !== null) lines.push(`  is ${ready.softState.role}, leader ${ready.softState.leaderId ?? 'unknown'}`);
  const sync = ready.mustSync ? ' (sync)' : '';
  if (ready.hardState !== null) {
    const { term, vote, commitIndex } = ready.hardState;
    lines.push(`  write term=${term} vote=${vote} commit=${commitIndex}${sync}`);
  }
  if (ready.snapshot !== null) lines.push(`  write snapshot ${ready.snapshot.metadata.term}/${ready.snapshot.metadata.index}`);
  for (const entry of ready.entries) lines.push(`  write ${formatEntry(entry)}`);
  for (const message of ready.messages) lines.push(`  send ${formatMessage(message)}`);
  for (const message of ready.messagesAfterPersist) lines.push(`  after write send ${formatMessage(message)}`);
  for (const entry of ready.committedEntries) lines.push(`  apply ${formatEntry(entry)}`);
  for (const read of ready.reads) lines.push(`  read ${read.readId} ${read.index === null ? 'lost' : `at ${read.index}`}`);
  return lines;
}
