package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/uuid"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
)

const learners = 12

// trial sends good and bad events as a newcomer may, and says what became of each: one JSON
// object a line.
type trial struct {
	mine             Credentials
	client           *kgo.Client
	receipts         Schemas
	course, assessed *avro.Schema
}

// TestMain makes the test binary a program of two words: the credentials file and avsc.
func TestMain(*testing.M) {
	var mine Credentials
	must(toml.DecodeFile(os.Args[1], &mine))
	folder := os.Args[2]
	t := trial{
		mine:     mine,
		client:   connect(mine),
		receipts: schemasIn(folder),
		course:   parsed(filepath.Join(folder, "CourseCompleted.v1.avsc")),
		assessed: parsed(filepath.Join(folder, "CompetencyAssessed.v1.avsc")),
	}
	defer t.client.Close()
	t.resends()
	t.badBytes()
	t.badEvents()
	t.learners()
}

func (t trial) resends() {
	event := eventOf(t.mine.Party, nip)
	t.send("good", nip, encoded(t.course, event))
	t.send("same-again", nip, encoded(t.course, event))
	event["jp_claimed"] = 1600
	t.send("other-content", nip, encoded(t.course, event))
}

func (t trial) badBytes() {
	good := encoded(t.course, eventOf(t.mine.Party, nip))
	t.send("no-avro", nip, []byte("hello"))
	t.send("truncated", nip, good[:len(good)-3])
	t.send("trailing", nip, append(good[:len(good):len(good)], 0))
	good[2] ^= 1
	t.send("unknown-fingerprint", nip, good)
}

func (t trial) badEvents() {
	t.send("other-key", "198001012005011001", encoded(t.course, eventOf(t.mine.Party, nip)))
	t.send("wrong-party", nip, encoded(t.course, eventOf("somebody-else", nip)))
	impossible := "199113422015032003"
	t.send("impossible-nip", impossible, encoded(t.course, eventOf(t.mine.Party, impossible)))

	leap := eventOf(t.mine.Party, nip)
	leap["competencies"] = []any{map[string]any{
		"id": "https://panrb.example/kompetensi/v1/M.02", "claimed_level": 9,
	}}
	t.send("level-out-of-range", nip, encoded(t.course, leap))

	t.send("role-not-allowed", nip, encoded(t.assessed, map[string]any{
		"event_id":    must(uuid.NewV7()).String(),
		"occurred_at": time.Now(),
		"party":       t.mine.Party,
		"learner":     map[string]any{"nip": nip},
		"competency":  "https://panrb.example/kompetensi/v1/M.02",
		"level":       3,
		"method":      "assessment-center",
	}))
}

func (t trial) learners() {
	for n := range learners {
		nip := fmt.Sprintf("1991041220150320%02d", n+1)
		t.send("learner "+nip, nip, encoded(t.course, eventOf(t.mine.Party, nip)))
	}
}

func (t trial) send(what, key string, value []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	message := &kgo.Record{Topic: t.mine.Topics.Inbox, Key: []byte(key), Value: value}
	sent := must(t.client.ProduceSync(ctx, message).First())
	receipt := must(receiptOf(ctx, sent, t.client, t.receipts))
	fmt.Println(string(must(json.Marshal(map[string]any{
		"case":      what,
		"outcome":   receipt.Outcome,
		"reason":    receipt.Reason,
		"field":     receipt.Field,
		"event_id":  receipt.EventID,
		"partition": receipt.Partition,
		"position":  receipt.Position,
	}))))
}

func encoded(schema *avro.Schema, event map[string]any) []byte {
	return must(schema.AppendSingleObject(nil, event))
}
