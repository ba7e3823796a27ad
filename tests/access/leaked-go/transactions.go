package main

import "github.com/twmb/franz-go/pkg/kmsg"

// transactions are our publisher's, and one under a name of its own; each step is tried alone.
func transactions(to broker) (acts []act) {
	for _, one := range []thing{
		{"our-transaction", told("TRANSACTION")},
		{"own-transaction", told("USERNAME")},
	} {
		name, id := one.called, one.name
		acts = append(acts,
			to.asks("find-"+name, findTransaction(id)),
			to.asks("open-"+name, open(id)),
			to.asks("write-in-"+name, addPartitions(id)),
			to.asks("set-offsets-in-"+name, &kmsg.AddOffsetsToTxnRequest{
				TransactionalID: id, Group: told("USERNAME") + ".sdk",
			}),
			to.asks("commit-offsets-in-"+name, commitOffsets(id)),
			to.asks("end-"+name, &kmsg.EndTxnRequest{TransactionalID: id}),
			to.asks("see-"+name, &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{id}}),
		)
	}
	return append(acts,
		to.lists("list-transactions", kmsg.NewPtrListTransactionsRequest()),
		to.asks("mark-a-transaction-ended", markers()),
	)
}

func findTransaction(id string) kmsg.Request {
	request := kmsg.NewPtrFindCoordinatorRequest()
	request.CoordinatorType = 1
	request.CoordinatorKey, request.CoordinatorKeys = id, []string{id}
	return request
}

func open(id string) kmsg.Request {
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.TransactionTimeoutMillis = &id, 10_000
	return request
}

func addPartitions(id string) kmsg.Request {
	one := kmsg.AddPartitionsToTxnRequestTopic{Topic: told("OWN_INBOX"), Partitions: []int32{0}}
	request := kmsg.NewPtrAddPartitionsToTxnRequest()
	request.TransactionalID = id
	request.Topics = []kmsg.AddPartitionsToTxnRequestTopic{one}
	return byVersion{request, 3} // later ones are for brokers
}

func commitOffsets(id string) kmsg.Request {
	one := kmsg.NewTxnOffsetCommitRequestTopic()
	one.Topic, one.Partitions = told("OWN_RECEIPTS"), []kmsg.TxnOffsetCommitRequestTopicPartition{
		kmsg.NewTxnOffsetCommitRequestTopicPartition(),
	}
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.Group = id, told("USERNAME")+".sdk"
	request.Topics = []kmsg.TxnOffsetCommitRequestTopic{one}
	return request
}

func markers() kmsg.Request {
	one := kmsg.NewWriteTxnMarkersRequestMarker()
	one.Topics = []kmsg.WriteTxnMarkersRequestMarkerTopic{
		{Topic: told("OWN_RECEIPTS"), Partitions: []int32{0}},
	}
	request := kmsg.NewPtrWriteTxnMarkersRequest()
	request.Markers = []kmsg.WriteTxnMarkersRequestMarker{one}
	return request
}
