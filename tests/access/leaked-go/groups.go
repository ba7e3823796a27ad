package main

import "github.com/twmb/franz-go/pkg/kmsg"

// groups are another party's and our own loops': each way in, by every protocol of groups.
func groups(to broker) (acts []act) {
	for _, one := range []thing{
		{"their-group", told("THEIR_GROUP")},
		{"our-group", told("OUR_GROUP")},
	} {
		name, group := one.called, one.name
		acts = append(acts,
			to.asks("find-"+name, find(group)),
			to.asks("join-"+name, join(group)),
			to.asks("join-"+name+"-as-consumer", consumer(group)),
			to.asks("join-"+name+"-as-share", share(group)),
			to.asks("leave-"+name, leave(group)),
			to.asks("see-"+name, &kmsg.DescribeGroupsRequest{Groups: []string{group}}),
			to.asks("see-offsets-of-"+name, offsets(group)),
			to.asks("set-offsets-of-"+name, commit(group)),
			to.asks("delete-"+name, &kmsg.DeleteGroupsRequest{Groups: []string{group}}),
			to.asks("delete-offsets-of-"+name, forget(group)),
		)
	}
	return append(acts, to.lists("list-groups", kmsg.NewPtrListGroupsRequest()))
}

func find(group string) kmsg.Request {
	request := kmsg.NewPtrFindCoordinatorRequest()
	request.CoordinatorKey, request.CoordinatorKeys = group, []string{group}
	return request
}

func join(group string) kmsg.Request {
	request := kmsg.NewPtrJoinGroupRequest()
	request.Group, request.ProtocolType = group, "consumer"
	request.SessionTimeoutMillis, request.RebalanceTimeoutMillis = 10_000, 10_000
	request.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range"}}
	return request
}

func consumer(group string) kmsg.Request {
	request := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	request.Group, request.MemberID = group, "me"
	request.RebalanceTimeoutMillis = 10_000
	request.SubscribedTopicNames = []string{told("OWN_RECEIPTS")}
	request.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	return request
}

func share(group string) kmsg.Request {
	request := kmsg.NewPtrShareGroupHeartbeatRequest()
	request.GroupID, request.MemberID = group, "me"
	request.SubscribedTopicNames = []string{told("OWN_RECEIPTS")}
	return request
}

func leave(group string) kmsg.Request {
	member := kmsg.NewLeaveGroupRequestMember()
	member.MemberID = "their member"
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group, request.Members = group, []kmsg.LeaveGroupRequestMember{member}
	return request
}

func offsets(group string) kmsg.Request {
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = group
	request := kmsg.NewPtrOffsetFetchRequest()
	request.Group, request.Groups = group, []kmsg.OffsetFetchRequestGroup{one}
	return byVersion{request, 8}
}

func commit(group string) kmsg.Request {
	one := kmsg.NewOffsetCommitRequestTopic()
	one.Topic, one.Partitions = told("OWN_RECEIPTS"), []kmsg.OffsetCommitRequestTopicPartition{
		kmsg.NewOffsetCommitRequestTopicPartition(),
	}
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group, request.Topics = group, []kmsg.OffsetCommitRequestTopic{one}
	return byVersion{request, 9}
}

func forget(group string) kmsg.Request {
	one := kmsg.NewOffsetDeleteRequestTopic()
	one.Topic, one.Partitions = told("OWN_RECEIPTS"), []kmsg.OffsetDeleteRequestTopicPartition{{}}
	request := kmsg.NewPtrOffsetDeleteRequest()
	request.Group, request.Topics = group, []kmsg.OffsetDeleteRequestTopic{one}
	return request
}
