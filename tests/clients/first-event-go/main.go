// Sends one event and says what became of it: go run . pusdiklat.toml avsc
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/uuid"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const nip = "199104122015032003"

// Credentials is what a provider needs of its file.
type Credentials struct {
	Party string
	Kafka struct {
		BootstrapServers   string `toml:"bootstrap_servers"`
		SecurityProtocol   string `toml:"security_protocol"`
		Mechanism          string `toml:"sasl_mechanism"`
		Username, Password string
	}
	Topics struct{ Inbox, Receipts string }
}

// Receipt is what became of one message.
type Receipt struct {
	Topic     string `avro:"topic"`
	Partition int32  `avro:"partition"`
	Offset    int64  `avro:"offset"`
	EventID   string `avro:"event_id"`
	Outcome   string `avro:"outcome"`
	Position  int64  `avro:"position"`
	Reason    string `avro:"reason"`
	Field     string `avro:"field"`
}

// Schemas are all versions of the receipt by fingerprint, for a receipt may be of any of them.
type Schemas map[uint64]*avro.Schema

func main() {
	var mine Credentials
	must(toml.DecodeFile(os.Args[1], &mine))
	folder := os.Args[2]
	client := connect(mine)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	course := parsed(filepath.Join(folder, "CourseCompleted.v1.avsc"))
	value := must(course.AppendSingleObject(nil, eventOf(mine.Party, nip)))
	message := &kgo.Record{Topic: mine.Topics.Inbox, Key: []byte(nip), Value: value}
	sent := must(client.ProduceSync(ctx, message).First()) // ends here unless acknowledged
	fmt.Println("sent to partition", sent.Partition, "at offset", sent.Offset)

	receipt := must(receiptOf(ctx, sent, client, schemasIn(folder)))
	if receipt.Reason != "" {
		fmt.Println(receipt.Outcome, receipt.Reason)
		return
	}
	fmt.Println(receipt.Outcome, receipt.Position)
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// eventOf is a course completed now; fields left out have their defaults.
func eventOf(party, nip string) map[string]any {
	id := uuid.Must(uuid.NewV7()) // made once for each event, and kept if it is sent again
	return map[string]any{
		"event_id":    id.String(),
		"occurred_at": time.Now(),
		"party":       party,
		"learner":     map[string]any{"nip": nip},
		"activity": map[string]any{
			"id":   "https://pusdiklat.example/analisis",
			"name": map[string]any{"id": "Analisis Kebijakan"},
		},
		"jp_claimed": 3200, // hundredths of a JP
	}
}

// connect signs in, to send with acks=all and idempotence (the defaults) and to read receipts.
func connect(mine Credentials) *kgo.Client {
	login := scram.Auth{User: mine.Kafka.Username, Pass: mine.Kafka.Password}
	mechanism := login.AsSha512Mechanism()
	if mine.Kafka.Mechanism == "SCRAM-SHA-256" {
		mechanism = login.AsSha256Mechanism()
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(mine.Kafka.BootstrapServers, ",")...),
		kgo.SASL(mechanism),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ConsumeTopics(mine.Topics.Receipts),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
	if mine.Kafka.SecurityProtocol == "SASL_SSL" {
		options = append(options, kgo.DialTLS())
	}
	return must(kgo.NewClient(options...))
}

func schemasIn(folder string) Schemas {
	found := Schemas{}
	for _, file := range must(filepath.Glob(filepath.Join(folder, "Receipt.*.avsc"))) {
		schema, crc := parsed(file), avro.NewRabin()
		schema.Fingerprint(crc)
		found[crc.Sum64()] = schema
	}
	return found
}

func parsed(file string) *avro.Schema {
	return must(avro.Parse(string(must(os.ReadFile(file)))))
}

// receiptOf waits for the receipt of one message. Where none comes, nothing is lost: it may yet.
func receiptOf(
	ctx context.Context, sent *kgo.Record, client *kgo.Client, schemas Schemas,
) (Receipt, error) {
	for {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return Receipt{}, err
		}
		for _, message := range fetched.Records() {
			receipt, err := schemas.read(message.Value)
			if err != nil || receipt.isOf(sent) {
				return receipt, err
			}
		}
	}
}

func (s Schemas) read(value []byte) (receipt Receipt, err error) {
	fingerprint, body, err := avro.SingleObjectFingerprint(value)
	if err != nil {
		return receipt, err
	}
	schema, known := s[binary.LittleEndian.Uint64(fingerprint[:])]
	if !known {
		return receipt, fmt.Errorf("no .avsc file of a receipt has the fingerprint %x", fingerprint)
	}
	_, err = schema.Decode(body, &receipt, avro.SkipUnknown())
	return receipt, err
}

func (r Receipt) isOf(sent *kgo.Record) bool {
	return r.Topic == sent.Topic && r.Partition == sent.Partition && r.Offset == sent.Offset
}
