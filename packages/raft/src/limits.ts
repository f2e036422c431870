/**
 * The bounds that are not options. Times are multiples of `electionTicks`, so that they scale with it.
 *
 * Everything that a peer or a slow disk can make grow has its limit here or in RaftOptions; what does not fit is
 * dropped (Raft lives with lost messages) or refused.
 */

/** Messages waiting for the driver in one of the two lists; further ones are dropped. */
export const maxOutboxMessages = 8192;

/** Observers that one leader replicates to; a further one is not answered. */
export const maxObservers = 1024;

/** Fresh reads that wait for their confirming round; further ones are `busy`. */
export const maxPendingReads = 1024;

/** A leader forgets an observer that was silent for this many election timeouts. */
export const observerSilentElections = 4;

/** A snapshot that nobody reported about (RaftNode.reportSnapshot) is given up after this many election timeouts. */
export const snapshotRetryElections = 20;

/**
 * A voter without a record of itself in its log waits this many election timeouts for the answers of ALL voters before
 * it founds a cluster with a majority: a voter that remembers a quorum must get the chance to say so (E9, elections.ts).
 */
export const genesisGraceElections = 3;
