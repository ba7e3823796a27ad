package main

import "github.com/twmb/franz-go/pkg/kmsg"

// topics are made, changed and deleted by administrators only, a party's own too.
func topics(to broker) (acts []act) {
	for _, one := range append(foreign(), known()...) {
		name, topic := one.called, one.name
		acts = append(acts,
			to.asks("see-settings-of-"+name, describeConfigs(kmsg.ConfigResourceTypeTopic, topic)),
			to.asks("set-"+name, alterConfigs(kmsg.ConfigResourceTypeTopic, topic, "retention.ms")),
			to.asks("set-"+name+"-the-old-way", alterConfigsAtOnce(topic)),
			to.asks("widen-"+name, widen(topic)),
			to.asks("delete-records-of-"+name, deleteRecords(topic)),
			to.asks("delete-"+name, remove(topic)),
		)
	}
	return append(acts, to.asks("make-a-topic", create("jejak.inbox.made-up")))
}

func describeConfigs(kind kmsg.ConfigResourceType, name string) kmsg.Request {
	one := kmsg.NewDescribeConfigsRequestResource()
	one.ResourceType, one.ResourceName = kind, name
	request := kmsg.NewPtrDescribeConfigsRequest()
	request.Resources = []kmsg.DescribeConfigsRequestResource{one}
	return request
}

func alterConfigs(kind kmsg.ConfigResourceType, name, setting string) kmsg.Request {
	value := "1"
	change := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	change.Name, change.Value = setting, &value
	one := kmsg.NewIncrementalAlterConfigsRequestResource()
	one.ResourceType, one.ResourceName = kind, name
	one.Configs = []kmsg.IncrementalAlterConfigsRequestResourceConfig{change}
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	request.Resources = []kmsg.IncrementalAlterConfigsRequestResource{one}
	return request
}

func alterConfigsAtOnce(topic string) kmsg.Request {
	one := kmsg.NewAlterConfigsRequestResource()
	one.ResourceType, one.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	request := kmsg.NewPtrAlterConfigsRequest()
	request.Resources = []kmsg.AlterConfigsRequestResource{one}
	return request
}

func widen(topic string) kmsg.Request {
	one := kmsg.NewCreatePartitionsRequestTopic()
	one.Topic, one.Count = topic, 9
	request := kmsg.NewPtrCreatePartitionsRequest()
	request.Topics = []kmsg.CreatePartitionsRequestTopic{one}
	return request
}

func deleteRecords(topic string) kmsg.Request {
	one := kmsg.NewDeleteRecordsRequestTopic()
	one.Topic, one.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{{Offset: -1}}
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.Topics = []kmsg.DeleteRecordsRequestTopic{one}
	return request
}

func remove(topic string) kmsg.Request {
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	request := kmsg.NewPtrDeleteTopicsRequest()
	request.Topics = []kmsg.DeleteTopicsRequestTopic{one}
	return request
}

func create(topic string) kmsg.Request {
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, 1, 1
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics = []kmsg.CreateTopicsRequestTopic{one}
	return request
}

// rights are those of users: what they may do, their passwords and quotas.
func rights(to broker) []act {
	return []act{
		to.asks("see-rights", describeACLs()),
		to.asks("give-itself-rights", createACLs()),
		to.asks("take-rights", deleteACLs()),
		to.asks("see-passwords", describePasswords()),
		to.asks("set-a-password-of-the-operator", setPassword("operator")),
		to.asks("set-an-own-password", setPassword(told("USERNAME"))),
		to.asks("delete-their-password", deletePassword(told("THEIR_USER"))),
		to.asks("see-quotas", kmsg.NewPtrDescribeClientQuotasRequest()),
		to.asks("set-own-quota", setQuota(told("USERNAME"))),
		to.asks("set-their-quota", setQuota(told("THEIR_USER"))),
	}
}

func describeACLs() kmsg.Request {
	request := kmsg.NewPtrDescribeACLsRequest()
	request.ResourceType = kmsg.ACLResourceTypeAny
	request.ResourcePatternType = kmsg.ACLResourcePatternTypeAny
	request.Operation, request.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	return request
}

func createACLs() kmsg.Request {
	one := kmsg.NewCreateACLsRequestCreation()
	one.ResourceType, one.ResourceName = kmsg.ACLResourceTypeTopic, "*"
	one.ResourcePatternType = kmsg.ACLResourcePatternTypeLiteral
	one.Principal, one.Host = "User:"+told("USERNAME"), "*"
	one.Operation, one.PermissionType = kmsg.ACLOperationAll, kmsg.ACLPermissionTypeAllow
	request := kmsg.NewPtrCreateACLsRequest()
	request.Creations = []kmsg.CreateACLsRequestCreation{one}
	return request
}

func deleteACLs() kmsg.Request {
	one := kmsg.NewDeleteACLsRequestFilter()
	one.ResourceType = kmsg.ACLResourceTypeAny
	one.ResourcePatternType = kmsg.ACLResourcePatternTypeAny
	one.Operation, one.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	request := kmsg.NewPtrDeleteACLsRequest()
	request.Filters = []kmsg.DeleteACLsRequestFilter{one}
	return request
}

func describePasswords() kmsg.Request {
	one := kmsg.NewDescribeUserSCRAMCredentialsRequestUser()
	one.Name = "operator"
	request := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	request.Users = []kmsg.DescribeUserSCRAMCredentialsRequestUser{one}
	return request
}

func setPassword(user string) kmsg.Request {
	one := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
	one.Name, one.Mechanism, one.Iterations = user, 2, 4096
	one.Salt, one.SaltedPassword = []byte("salt"), make([]byte, 64)
	request := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	request.Upsertions = []kmsg.AlterUserSCRAMCredentialsRequestUpsertion{one}
	return request
}

func deletePassword(user string) kmsg.Request {
	one := kmsg.NewAlterUserSCRAMCredentialsRequestDeletion()
	one.Name, one.Mechanism = user, 2
	request := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	request.Deletions = []kmsg.AlterUserSCRAMCredentialsRequestDeletion{one}
	return request
}

func setQuota(user string) kmsg.Request {
	one := kmsg.NewAlterClientQuotasRequestEntry()
	one.Entity = []kmsg.AlterClientQuotasRequestEntryEntity{{Type: "user", Name: &user}}
	one.Ops = []kmsg.AlterClientQuotasRequestEntryOp{{Key: "producer_byte_rate", Value: 1 << 40}}
	request := kmsg.NewPtrAlterClientQuotasRequest()
	request.Entries = []kmsg.AlterClientQuotasRequestEntry{one}
	return request
}
