package main

import "github.com/twmb/franz-go/pkg/kmsg"

// brokers are told, asked about themselves, and spoken to as one of them would.
func brokers(to broker) []act {
	const one = "1"
	return []act{
		to.asks("see-a-broker", describeConfigs(kmsg.ConfigResourceTypeBroker, one)),
		to.asks("set-a-broker",
			alterConfigs(kmsg.ConfigResourceTypeBroker, one, "log.cleaner.threads")),
		to.asks("set-all-brokers",
			alterConfigs(kmsg.ConfigResourceTypeBroker, "", "log.cleaner.threads")),
		to.asks("set-a-broker-s-log", alterConfigs(kmsg.ConfigResourceTypeBrokerLogger, one, "kafka")),
		to.asks("see-what-can-be-set", kmsg.NewPtrListConfigResourcesRequest()),
		to.asks("elect-leaders", electLeaders()),
		to.asks("move-partitions", reassign()),
		to.asks("see-moves", kmsg.NewPtrListPartitionReassignmentsRequest()),
		to.asks("see-disks", kmsg.NewPtrDescribeLogDirsRequest()),
		to.asks("move-between-disks", moveDisks()),
		to.asks("see-the-quorum", quorum()),
		to.asks("join-the-quorum", kmsg.NewPtrAddRaftVoterRequest()),
		to.asks("shrink-the-quorum", &kmsg.RemoveRaftVoterRequest{VoterID: 1}),
		to.asks("set-features", features()),
		to.asks("unregister-a-broker", &kmsg.UnregisterBrokerRequest{BrokerID: 1}),
		to.asks("make-a-token", kmsg.NewPtrCreateDelegationTokenRequest()),
		to.asks("see-share-state", shareState()),
		to.asks("delete-share-state", deleteShareState()),
		to.asks("write-in-our-transaction-as-a-broker", addPartitionsAsBroker()),
	}
}

func electLeaders() kmsg.Request {
	request := kmsg.NewPtrElectLeadersRequest()
	request.Topics = []kmsg.ElectLeadersRequestTopic{
		{Topic: told("OWN_INBOX"), Partitions: []int32{0}},
	}
	return request
}

func reassign() kmsg.Request {
	partition := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
	partition.Replicas = []int32{1}
	one := kmsg.NewAlterPartitionAssignmentsRequestTopic()
	one.Topic = told("OWN_INBOX")
	one.Partitions = []kmsg.AlterPartitionAssignmentsRequestTopicPartition{partition}
	request := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	request.Topics = []kmsg.AlterPartitionAssignmentsRequestTopic{one}
	return request
}

func moveDisks() kmsg.Request {
	topic := kmsg.AlterReplicaLogDirsRequestDirTopic{
		Topic: told("OWN_INBOX"), Partitions: []int32{0},
	}
	one := kmsg.NewAlterReplicaLogDirsRequestDir()
	one.Dir, one.Topics = "/elsewhere", []kmsg.AlterReplicaLogDirsRequestDirTopic{topic}
	request := kmsg.NewPtrAlterReplicaLogDirsRequest()
	request.Dirs = []kmsg.AlterReplicaLogDirsRequestDir{one}
	return request
}

func quorum() kmsg.Request {
	one := kmsg.NewDescribeQuorumRequestTopic()
	one.Topic, one.Partitions = "__cluster_metadata", []kmsg.DescribeQuorumRequestTopicPartition{{}}
	request := kmsg.NewPtrDescribeQuorumRequest()
	request.Topics = []kmsg.DescribeQuorumRequestTopic{one}
	return request
}

func features() kmsg.Request {
	one := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	one.Feature, one.MaxVersionLevel, one.UpgradeType = "transaction.version", 1, 2
	request := kmsg.NewPtrUpdateFeaturesRequest()
	request.FeatureUpdates = []kmsg.UpdateFeaturesRequestFeatureUpdate{one}
	return request
}

// shareState is what brokers tell each other of share groups.
func shareState() kmsg.Request {
	one := kmsg.NewReadShareGroupStateRequestTopic()
	one.TopicID = theirInbox()
	one.Partitions = append(one.Partitions, kmsg.NewReadShareGroupStateRequestTopicPartition())
	request := kmsg.NewPtrReadShareGroupStateRequest()
	request.GroupID, request.Topics = told("THEIR_GROUP"), append(request.Topics, one)
	return request
}

func deleteShareState() kmsg.Request {
	one := kmsg.NewDeleteShareGroupStateRequestTopic()
	one.TopicID = theirInbox()
	one.Partitions = append(one.Partitions, kmsg.NewDeleteShareGroupStateRequestTopicPartition())
	request := kmsg.NewPtrDeleteShareGroupStateRequest()
	request.GroupID, request.Topics = told("THEIR_GROUP"), append(request.Topics, one)
	return request
}

// addPartitionsAsBroker is how a broker asks whether a transaction goes on: for brokers only.
func addPartitionsAsBroker() kmsg.Request {
	topic := kmsg.AddPartitionsToTxnRequestTransactionTopic{
		Topic: told("THEIR_RECEIPTS"), Partitions: []int32{0},
	}
	one := kmsg.NewAddPartitionsToTxnRequestTransaction()
	one.TransactionalID = told("TRANSACTION")
	one.Topics = []kmsg.AddPartitionsToTxnRequestTransactionTopic{topic}
	request := kmsg.NewPtrAddPartitionsToTxnRequest()
	request.Transactions = []kmsg.AddPartitionsToTxnRequestTransaction{one}
	return request
}
