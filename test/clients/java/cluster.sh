# What tools say about the cluster itself: sourced by run.sh.
expect "cluster cluster-id" 'Cluster ID: \S+' -- tool ClusterTool cluster-id "${server[@]}"
expect "cluster list-endpoints" '^1 .*unfenced +broker' '^3 .*unfenced +broker' -- tool ClusterTool list-endpoints "${server[@]}"
expect "metadata-quorum --status" 'LeaderId: +[123]' 'MaxFollowerLag: +0' 'CurrentObservers: +\[\]' -- \
  tool MetadataQuorumCommand "${server[@]}" describe --status
expect "metadata-quorum --replication" 'Leader' 'Follower' -- tool MetadataQuorumCommand "${server[@]}" describe --replication
expect "metadata-quorum --replication --human-readable" 'ms ago' -- \
  tool MetadataQuorumCommand "${server[@]}" describe --replication --human-readable
expect "log-dirs" '"partition":"orders-0","size":[0-9]+,"offsetLag":0,"isFuture":false' '"broker":3' -- \
  tool LogDirsCommand "${server[@]}" --describe --topic-list orders
expect "leader-election --election-type preferred" 'Valid replica already elected|Successfully completed' -- \
  tool LeaderElectionCommand "${server[@]}" --election-type preferred --topic orders --partition 0
expect "leader-election --all-topic-partitions" '!Error|Exception' -- \
  tool LeaderElectionCommand "${server[@]}" --election-type preferred --all-topic-partitions
expect "broker-api-versions" 'Produce\(0\): 0 to 13 \[usable: 13\]' 'Fetch\(1\): 4 to 18 \[usable: 18\]' \
  'ApiVersions\(18\): 0 to 4 \[usable: 4\]' -- tool BrokerApiVersionsCommand "${server[@]}"
