import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RaftVoterEndpoint;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.DelegationTokenDisabledException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Tries, with a party's password and Kafka's own clients, what it must not be able to do, and says
 * of each act {@code name: denied ERROR}, {@code name: ALLOWED}, or {@code name: failed WHY}.
 */
public class Leaked {
  static final Duration PATIENCE = Duration.ofSeconds(20);
  static final Object NOTHING_SHOWN = new Object();

  /** A topic, group or transaction, and what this program calls it. */
  record Thing(String called, String name) {}

  static final List<Thing> FOREIGN =
      List.of(
          new Thing("their-inbox", told("THEIR_INBOX")),
          new Thing("their-receipts", told("THEIR_RECEIPTS")),
          new Thing("their-changes", told("THEIR_CHANGES")),
          new Thing("their-profiles", told("THEIR_PROFILES")),
          new Thing("consumer-offsets", "__consumer_offsets"),
          new Thing("transaction-state", "__transaction_state"));
  static final List<Thing> KNOWN =
      List.of(
          new Thing("own-inbox", told("OWN_INBOX")),
          new Thing("own-receipts", told("OWN_RECEIPTS")),
          new Thing("checkpoints", told("CHECKPOINTS")));
  static final List<Thing> TOPICS = Stream.of(FOREIGN, KNOWN).flatMap(List::stream).toList();
  static final List<Thing> GROUPS =
      List.of(
          new Thing("their-group", told("THEIR_GROUP")), new Thing("our-group", told("OUR_GROUP")));
  static final List<Thing> TRANSACTIONS =
      List.of(
          new Thing("our-transaction", told("TRANSACTION")),
          new Thing("own-transaction", told("USERNAME")));
  static final TopicPartition INBOX = new TopicPartition(told("OWN_INBOX"), 0);
  static final TopicPartition RECEIPTS = new TopicPartition(told("OWN_RECEIPTS"), 0);

  public static void main(String[] words) {
    try (var admin = Admin.create(login(Map.of()))) {
      writing();
      TOPICS.forEach(topic -> act("read-" + topic.called, () -> read(topic.name)));
      looking(admin);
      GROUPS.forEach(group -> group(admin, group.called, group.name));
      act("list-groups", () -> others(admin.listGroups().all().get()));
      TRANSACTIONS.forEach(one -> transaction(admin, one.called, one.name));
      act("list-transactions", () -> others(admin.listTransactions().all().get()));
      var spec = new AbortTransactionSpec(RECEIPTS, 1, (short) 0, 0);
      act("mark-a-transaction-ended", () -> admin.abortTransaction(spec).all().get());
      TOPICS.forEach(topic -> topic(admin, topic.called, topic.name));
      var made = List.of(new NewTopic("jejak.inbox.made-up", 1, (short) 1));
      act("make-a-topic", () -> admin.createTopics(made).all().get());
      rights(admin);
      quotas(admin);
      brokers(admin);
      partitions(admin);
    }
  }

  /** A word that this program was started with. */
  static String told(String name) {
    return Optional.ofNullable(System.getenv(name)).orElseThrow(() -> new Error("not told " + name));
  }

  static Properties login(Map<String, String> more) {
    var jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required ";
    var said = new Properties();
    said.put("bootstrap.servers", told("BOOTSTRAP"));
    said.put("security.protocol", "SASL_PLAINTEXT");
    said.put("sasl.mechanism", told("MECHANISM"));
    said.put(
        "sasl.jaas.config",
        jaas + "username=\"%s\" password=\"%s\";".formatted(told("USERNAME"), told("PASSWORD")));
    said.put("request.timeout.ms", String.valueOf(PATIENCE.toMillis()));
    said.put("default.api.timeout.ms", String.valueOf(PATIENCE.toMillis()));
    said.putAll(more);
    return said;
  }

  static void act(String name, Callable<Object> act) {
    System.out.println(name + ": " + outcome(act));
  }

  static String outcome(Callable<Object> act) {
    try {
      return act.call() == NOTHING_SHOWN ? "denied NOTHING_SHOWN" : "ALLOWED";
    } catch (Exception error) {
      var cause = error instanceof ExecutionException ? error.getCause() : error;
      var forbidden =
          cause instanceof AuthorizationException
              || cause instanceof DelegationTokenDisabledException;
      return forbidden ? "denied " + Errors.forException(cause) : "failed " + cause;
    }
  }

  /** What was listed, unless it names nothing of others. */
  static Object others(Object listed) {
    var said = listed.toString();
    var secret = Stream.of("THEIR_INBOX", "THEIR_GROUP", "OUR_GROUP", "TRANSACTION");
    var shown = said.contains("__") || secret.map(Leaked::told).anyMatch(said::contains);
    return shown ? said : NOTHING_SHOWN;
  }

  static void writing() {
    var login = login(Map.of("max.block.ms", String.valueOf(PATIENCE.toMillis())));
    var bytes = new ByteArraySerializer();
    try (var producer = new KafkaProducer<>(login, bytes, bytes)) {
      for (var topic : TOPICS) {
        var message = new ProducerRecord<byte[], byte[]>(topic.name, 0, null, new byte[] {1});
        act("write-" + topic.called, () -> producer.send(message).get());
      }
    }
  }

  static Object read(String topic) {
    var bytes = new ByteArrayDeserializer();
    try (var reader = new KafkaConsumer<>(login(Map.of()), bytes, bytes)) {
      var partitions = List.of(new TopicPartition(topic, 0));
      reader.assign(partitions);
      reader.seekToBeginning(partitions);
      if (reader.poll(PATIENCE).isEmpty()) {
        throw new IllegalStateException("nothing came");
      }
      return reader;
    }
  }

  static void looking(Admin admin) {
    for (var topic : FOREIGN) {
      var partition = new TopicPartition(topic.name, 0);
      var latest = Map.of(partition, OffsetSpec.latest());
      act("see-" + topic.called, () -> admin.describeTopics(Set.of(topic.name)).allTopicNames().get());
      act("see-size-of-" + topic.called, () -> admin.listOffsets(latest).all().get());
      var producers = Set.of(partition);
      act("see-producers-of-" + topic.called, () -> admin.describeProducers(producers).all().get());
    }
    var all = new ListTopicsOptions().listInternal(true);
    act("list-topics", () -> others(admin.listTopics(all).names().get()));
    act("see-producers-of-own-inbox", () -> admin.describeProducers(Set.of(INBOX)).all().get());
  }

  static void group(Admin admin, String called, String group) {
    var offsets = Map.of(RECEIPTS, new OffsetAndMetadata(0));
    var one = Set.of(group);
    act("join-" + called, () -> join(group, "classic"));
    act("join-" + called + "-as-consumer", () -> join(group, "consumer"));
    act("join-" + called + "-as-share", () -> share(group));
    act("leave-" + called, () -> removeMembers(admin, group));
    act("see-" + called, () -> admin.describeConsumerGroups(one).all().get());
    act("see-offsets-of-" + called, () -> admin.listConsumerGroupOffsets(group).all().get());
    act(
        "set-offsets-of-" + called,
        () -> admin.alterConsumerGroupOffsets(group, offsets).all().get());
    act("delete-" + called, () -> admin.deleteConsumerGroups(one).all().get());
    act(
        "delete-offsets-of-" + called,
        () -> admin.deleteConsumerGroupOffsets(group, Set.of(RECEIPTS)).all().get());
  }

  static Object join(String group, String protocol) {
    var login = login(Map.of("group.id", group, "group.protocol", protocol));
    var bytes = new ByteArrayDeserializer();
    try (var reader = new KafkaConsumer<>(login, bytes, bytes)) {
      reader.subscribe(List.of(RECEIPTS.topic()));
      return reader.poll(PATIENCE);
    }
  }

  static Object share(String group) {
    var bytes = new ByteArrayDeserializer();
    try (var reader = new KafkaShareConsumer<>(login(Map.of("group.id", group)), bytes, bytes)) {
      reader.subscribe(List.of(RECEIPTS.topic()));
      return reader.poll(PATIENCE);
    }
  }

  static Object removeMembers(Admin admin, String group) throws Exception {
    var member = Set.of(new MemberToRemove("their-member"));
    var members = new RemoveMembersFromConsumerGroupOptions(member);
    return admin.removeMembersFromConsumerGroup(group, members).all().get();
  }

  static void transaction(Admin admin, String called, String id) {
    act("open-" + called, () -> open(id));
    act("fence-" + called, () -> admin.fenceProducers(Set.of(id)).all().get());
    act("see-" + called, () -> admin.describeTransactions(Set.of(id)).all().get());
  }

  static Object open(String id) {
    var bytes = new ByteArraySerializer();
    try (var producer = new KafkaProducer<>(login(Map.of("transactional.id", id)), bytes, bytes)) {
      producer.initTransactions();
      return producer;
    }
  }

  static void topic(Admin admin, String called, String topic) {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var everything = Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(-1));
    act("see-settings-of-" + called, () -> admin.describeConfigs(Set.of(resource)).all().get());
    act("set-" + called, () -> set(admin, resource, "retention.ms"));
    act(
        "widen-" + called,
        () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(9))).all().get());
    act("delete-records-of-" + called, () -> admin.deleteRecords(everything).all().get());
    act("delete-" + called, () -> admin.deleteTopics(Set.of(topic)).all().get());
  }

  static Object set(Admin admin, ConfigResource what, String setting) throws Exception {
    var change = new AlterConfigOp(new ConfigEntry(setting, "1"), AlterConfigOp.OpType.SET);
    Map<ConfigResource, Collection<AlterConfigOp>> changes = Map.of(what, List.of(change));
    return admin.incrementalAlterConfigs(changes).all().get();
  }

  static void rights(Admin admin) {
    var everything = new ResourcePattern(ResourceType.TOPIC, "*", PatternType.LITERAL);
    var mine =
        new AccessControlEntry(
            "User:" + told("USERNAME"), "*", AclOperation.ALL, AclPermissionType.ALLOW);
    var given = List.of(new AclBinding(everything, mine));
    act("see-rights", () -> admin.describeAcls(AclBindingFilter.ANY).values().get());
    act("give-itself-rights", () -> admin.createAcls(given).all().get());
    act("take-rights", () -> admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get());
    act("see-passwords", () -> admin.describeUserScramCredentials().all().get());
    act("set-a-password-of-the-operator", () -> setPassword(admin, "operator"));
    act("set-an-own-password", () -> setPassword(admin, told("USERNAME")));
    act("delete-their-password", () -> deletePassword(admin, told("THEIR_USER")));
  }

  static Object setPassword(Admin admin, String user) throws Exception {
    var how = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
    var change = new UserScramCredentialUpsertion(user, how, "mine");
    return admin.alterUserScramCredentials(List.of(change)).all().get();
  }

  static Object deletePassword(Admin admin, String user) throws Exception {
    var change = new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512);
    return admin.alterUserScramCredentials(List.of(change)).all().get();
  }

  static void quotas(Admin admin) {
    act("see-quotas", () -> admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get());
    act("set-own-quota", () -> setQuota(admin, told("USERNAME")));
    act("set-their-quota", () -> setQuota(admin, told("THEIR_USER")));
  }

  static Object setQuota(Admin admin, String user) throws Exception {
    var whose = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user));
    var more = new ClientQuotaAlteration.Op("producer_byte_rate", 1e12);
    var change = new ClientQuotaAlteration(whose, List.of(more));
    return admin.alterClientQuotas(List.of(change)).all().get();
  }

  static void brokers(Admin admin) {
    var one = new ConfigResource(ConfigResource.Type.BROKER, "1");
    var all = new ConfigResource(ConfigResource.Type.BROKER, "");
    var log = new ConfigResource(ConfigResource.Type.BROKER_LOGGER, "1");
    act("see-a-broker", () -> admin.describeConfigs(Set.of(one)).all().get());
    act("set-a-broker", () -> set(admin, one, "log.cleaner.threads"));
    act("set-all-brokers", () -> set(admin, all, "log.cleaner.threads"));
    act("set-a-broker-s-log", () -> set(admin, log, "kafka"));
    act("see-what-can-be-set", () -> admin.listConfigResources().all().get());
    act("see-disks", () -> admin.describeLogDirs(Set.of(1)).allDescriptions().get());
    act("see-the-quorum", () -> admin.describeMetadataQuorum().quorumInfo().get());
    var voter = Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 1));
    act("join-the-quorum", () -> admin.addRaftVoter(2, Uuid.ONE_UUID, voter).all().get());
    act("shrink-the-quorum", () -> admin.removeRaftVoter(1, Uuid.ONE_UUID).all().get());
    act("set-features", () -> setFeatures(admin));
    act("unregister-a-broker", () -> admin.unregisterBroker(1).all().get());
    act("make-a-token", () -> admin.createDelegationToken().delegationToken().get());
  }

  static Object setFeatures(Admin admin) throws Exception {
    var older = new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE);
    return admin.updateFeatures(Map.of("transaction.version", older)).all().get();
  }

  static void partitions(Admin admin) {
    var inbox = Set.of(INBOX);
    var moved = Map.of(INBOX, Optional.of(new NewPartitionReassignment(List.of(1))));
    var replica = new TopicPartitionReplica(INBOX.topic(), 0, 1);
    act("elect-leaders", () -> admin.electLeaders(ElectionType.PREFERRED, inbox).all().get());
    act("move-partitions", () -> admin.alterPartitionReassignments(moved).all().get());
    act("see-moves", () -> admin.listPartitionReassignments().reassignments().get());
    act(
        "move-between-disks",
        () -> admin.alterReplicaLogDirs(Map.of(replica, "/elsewhere")).all().get());
  }
}
