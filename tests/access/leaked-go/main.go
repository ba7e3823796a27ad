// Tries, with a party's password, what it must not be able to do, and says of each act
// `name: denied ERROR`, `name: ALLOWED`, or `name: failed WHY` where it was neither.
//
// Nearly every act is one request of the protocol, sent as it is to the broker: no library looks
// first whether it would be refused.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const patience = 20 * time.Second

var errShownNothing = errors.New("an answer that names nothing of others")

// act is one thing that may be tried; no error means that it was done.
type act struct {
	name string
	try  func(context.Context) error
}

// broker takes requests as they are.
type broker struct{ *kgo.Broker }

func main() {
	usual := connect()
	defer usual.Close()
	to := broker{usual.SeedBrokers()[0]}
	inOrder := [][]act{
		writing(usual, to), reading(usual, to), looking(to), groups(to), transactions(to),
		topics(to), rights(to), brokers(to),
	}
	for _, acts := range inOrder {
		for _, one := range acts {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			fmt.Println(one.name + ": " + outcome(one.try(ctx)))
			cancel()
		}
	}
}

// told is a word that this program was started with.
func told(name string) string {
	value, given := os.LookupEnv(name)
	if !given {
		panic("not told " + name)
	}
	return value
}

func connect(more ...kgo.Opt) *kgo.Client {
	login := scram.Auth{User: told("USERNAME"), Pass: told("PASSWORD")}
	mechanism := login.AsSha512Mechanism()
	if told("MECHANISM") == "SCRAM-SHA-256" {
		mechanism = login.AsSha256Mechanism()
	}
	options := append(more,
		kgo.SeedBrokers(strings.Split(told("BOOTSTRAP"), ",")...),
		kgo.SASL(mechanism),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	client, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}
	return client
}

func outcome(err error) string {
	var coded *kerr.Error
	switch {
	case err == nil:
		return "ALLOWED"
	case errors.Is(err, errShownNothing):
		return "denied NOTHING_SHOWN"
	case errors.As(err, &coded) && forbids(coded):
		return "denied " + coded.Message
	default:
		return "failed " + err.Error()
	}
}

func forbids(coded *kerr.Error) bool {
	return strings.HasSuffix(coded.Message, "AUTHORIZATION_FAILED") ||
		coded == kerr.DelegationTokenAuthDisabled
}

// asks is the act of one request.
func (to broker) asks(name string, request kmsg.Request) act {
	return act{name, func(ctx context.Context) error {
		response, err := to.Request(ctx, request)
		if err != nil {
			return err
		}
		return errorIn(reflect.ValueOf(response))
	}}
}

// lists is the act of a request to which the brokers name what one may see, and leave out the rest.
func (to broker) lists(name string, request kmsg.Request) act {
	return act{name, func(ctx context.Context) error {
		response, err := to.Request(ctx, request)
		if err != nil {
			return err
		}
		if err = errorIn(reflect.ValueOf(response)); err == nil && !namesOthers(response) {
			return errShownNothing
		}
		return err
	}}
}

// errorIn is the first error code in a response: every request here asks for one thing.
func errorIn(value reflect.Value) error {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			return errorIn(value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			if err := errorIn(value.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		if code := value.FieldByName("ErrorCode"); code.IsValid() && code.Int() != 0 {
			return kerr.ErrorForCode(int16(code.Int()))
		}
		for i := range value.NumField() {
			if err := errorIn(value.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func namesOthers(response kmsg.Response) bool {
	said, err := json.Marshal(response)
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"THEIR_INBOX", "THEIR_GROUP", "OUR_GROUP", "TRANSACTION"} {
		if bytes.Contains(said, []byte(told(name))) {
			return true
		}
	}
	return bytes.Contains(said, []byte("__"))
}
