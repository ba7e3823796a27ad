package main

import (
	"context"
	"encoding/hex"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// thing is a topic, group or transaction, and what this program calls it.
type thing struct{ called, name string }

// foreign are the topics of others, and the brokers' own.
func foreign() []thing {
	return []thing{
		{"their-inbox", told("THEIR_INBOX")},
		{"their-receipts", told("THEIR_RECEIPTS")},
		{"their-changes", told("THEIR_CHANGES")},
		{"their-profiles", told("THEIR_PROFILES")},
		{"consumer-offsets", "__consumer_offsets"},
		{"transaction-state", "__transaction_state"},
	}
}

// known are the topics that a party is told of.
func known() []thing {
	return []thing{
		{"own-inbox", told("OWN_INBOX")},
		{"own-receipts", told("OWN_RECEIPTS")},
		{"checkpoints", told("CHECKPOINTS")},
	}
}

// writing is tried twice: as kgo does it, and as one request that asks nothing first.
func writing(usual *kgo.Client, to broker) (acts []act) {
	for _, topic := range append(foreign(), known()...) {
		acts = append(acts,
			act{"write-" + topic.called, func(ctx context.Context) error {
				message := &kgo.Record{Topic: topic.name, Value: []byte("x")}
				return usual.ProduceSync(ctx, message).FirstErr()
			}},
			to.asks("write-"+topic.called+"-unasked", produce(topic.name)),
		)
	}
	return acts
}

func produce(topic string) kmsg.Request {
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Records = batch([]byte("x"))
	one := kmsg.NewProduceRequestTopic()
	one.Topic, one.Partitions = topic, []kmsg.ProduceRequestTopicPartition{partition}
	request := kmsg.NewPtrProduceRequest()
	request.Acks, request.Topics = -1, []kmsg.ProduceRequestTopic{one}
	return byVersion{request, 12}
}

// batch is one message as it lies in a log.
func batch(value []byte) []byte {
	record := kmsg.Record{Value: value}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // itself being one byte
	made := kmsg.RecordBatch{
		Magic: 2, PartitionLeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}
	const untilLength, untilCRC = 12, 21
	made.Length = int32(len(made.AppendTo(nil)) - untilLength)
	sum := crc32.Checksum(made.AppendTo(nil)[untilCRC:], crc32.MakeTable(crc32.Castagnoli))
	made.CRC = int32(sum)
	return made.AppendTo(nil)
}

// reading is tried as kgo does it, as one request that asks nothing first, and by a topic's id.
func reading(usual *kgo.Client, to broker) (acts []act) {
	for _, topic := range append(foreign(), known()...) {
		acts = append(acts,
			act{"read-" + topic.called, func(ctx context.Context) error { return read(ctx, topic.name) }},
			to.asks("read-"+topic.called+"-unasked", byVersion{fetch(topic.name, -1), 12}),
		)
	}
	byID := fetch("", -1)
	byID.Topics[0].TopicID = theirInbox()
	asBroker := byVersion{fetch(told("THEIR_INBOX"), 1), 12}
	return append(acts,
		to.asks("read-their-inbox-by-id", byID),
		to.asks("read-their-inbox-as-a-broker", asBroker),
	)
}

// theirInbox is the id of another's inbox.
func theirInbox() (id [16]byte) {
	if _, err := hex.Decode(id[:], []byte(told("THEIR_INBOX_ID"))); err != nil {
		panic(err)
	}
	return id
}

// read waits for the first message of a topic.
func read(ctx context.Context, topic string) error {
	start := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}
	reader := connect(kgo.ConsumePartitions(start))
	defer reader.Close()
	return reader.PollFetches(ctx).Err()
}

func fetch(topic string, replica int32) *kmsg.FetchRequest {
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.PartitionMaxBytes = 1 << 20
	one := kmsg.NewFetchRequestTopic()
	one.Topic, one.Partitions = topic, []kmsg.FetchRequestTopicPartition{partition}
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxBytes, request.SessionEpoch = replica, 1<<20, -1
	request.Topics = []kmsg.FetchRequestTopic{one}
	return request
}

// byVersion asks with an older version: later ones name a topic by its id, or are for brokers.
type byVersion struct {
	kmsg.Request
	most int16
}

func (v byVersion) MaxVersion() int16 { return v.most }

// looking is to see what there is, and how much of it.
func looking(to broker) (acts []act) {
	for _, topic := range foreign() {
		acts = append(acts,
			to.asks("see-"+topic.called, metadata(topic.name)),
			to.asks("see-size-of-"+topic.called, listOffsets(topic.name)),
			to.asks("see-epochs-of-"+topic.called, leaderEpochs(topic.name)),
			to.asks("see-producers-of-"+topic.called, producers(topic.name)),
		)
	}
	everything := kmsg.NewPtrMetadataRequest()
	everything.Topics = nil
	return append(acts,
		to.lists("list-topics", everything),
		to.lists("list-partitions", kmsg.NewPtrDescribeTopicPartitionsRequest()),
		to.asks("see-producers-of-own-inbox", producers(told("OWN_INBOX"))),
	)
}

func metadata(topic string) kmsg.Request {
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = &topic
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = append(request.Topics, one)
	return request
}

func listOffsets(topic string) kmsg.Request {
	one := kmsg.NewListOffsetsRequestTopic()
	one.Topic, one.Partitions = topic, []kmsg.ListOffsetsRequestTopicPartition{
		kmsg.NewListOffsetsRequestTopicPartition(),
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID, request.Topics = -1, []kmsg.ListOffsetsRequestTopic{one}
	return request
}

func leaderEpochs(topic string) kmsg.Request {
	one := kmsg.NewOffsetForLeaderEpochRequestTopic()
	one.Topic, one.Partitions = topic, []kmsg.OffsetForLeaderEpochRequestTopicPartition{
		kmsg.NewOffsetForLeaderEpochRequestTopicPartition(),
	}
	request := kmsg.NewPtrOffsetForLeaderEpochRequest()
	request.Topics = []kmsg.OffsetForLeaderEpochRequestTopic{one}
	return request
}

func producers(topic string) kmsg.Request {
	one := kmsg.NewDescribeProducersRequestTopic()
	one.Topic, one.Partitions = topic, []int32{0}
	request := kmsg.NewPtrDescribeProducersRequest()
	request.Topics = []kmsg.DescribeProducersRequestTopic{one}
	return request
}
