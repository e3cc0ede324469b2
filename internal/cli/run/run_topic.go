package run

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/pflag"

	"fanout/internal/awsname"
	"fanout/internal/brokers"
	"fanout/internal/poll"
	"fanout/internal/poll/topic"
	"fanout/lambda"
)

// topicFlags are the flags for reading a topic of Kafka.
type topicFlags struct {
	brokers, secret, group string
}

func (f *topicFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.brokers, "brokers", "", "reach the brokers of a Kafka topic at this `URL`, such as kafkas://HOST:PORT,HOST:PORT?sasl=scram-sha-512 (default: the brokers in --source-arn, without TLS)")
	s.StringVar(&f.secret, "secret", "", "log in to the brokers with user and password of the secret with this `ARN`")
	s.StringVar(&f.group, "consumer-group", "", "keep the position of each partition of a Kafka topic in the consumer group with this `NAME`, instead of --checkpoint")
}

// check checks the flags, and that their source is a topic.
func (f *topicFlags) check(s *pflag.FlagSet, source string) error {
	for _, name := range []string{"brokers", "secret", "consumer-group"} {
		if s.Changed(name) && !awsname.IsKafka(source) {
			return fmt.Errorf("--%s has no effect without the name of a Kafka topic in --source-arn; remove it", name)
		}
	}
	if !awsname.IsKafka(source) {
		return nil
	}
	if _, err := awsname.CheckSource(source); err != nil {
		return fmt.Errorf("--source-arn: %w", err)
	}
	if s.Changed("consumer-group") && s.Changed("checkpoint") {
		return errors.New("--consumer-group and --checkpoint cannot be combined; use only one")
	}
	a, err := f.address(source)
	if err != nil {
		return err
	}
	switch {
	case a.Password() && f.secret == "":
		return errors.New("--brokers asks for a login with a password; add --secret with the ARN of a secret that has it")
	case f.secret != "" && !a.Password():
		return errors.New("--secret has no effect without ?sasl=plain or ?sasl=scram-sha-512 at the end of --brokers; add it, or remove --secret")
	}
	return nil
}

// address returns how to reach the topic.
func (f *topicFlags) address(source string) (brokers.Address, error) {
	cut := strings.LastIndexByte(source, '/')
	if f.brokers == "" && !strings.HasPrefix(source, awsname.KafkaScheme) {
		return brokers.Address{}, fmt.Errorf("--brokers is missing, because %s does not name the brokers; aws kafka get-bootstrap-brokers shows them", source)
	}
	a, err := brokers.Parse(cmp.Or(f.brokers, source[:cut]))
	if err == nil && a.Topic != "" {
		err = errors.New("names a topic; end it behind the last port")
	}
	if err != nil {
		return a, fmt.Errorf("--brokers %w", err)
	}
	a.Topic = source[cut+1:]
	return a, nil
}

// open returns the topic and, with --consumer-group, sets where positions are kept.
func (f *topicFlags) open(cfg aws.Config, source string, anyCertificate bool, o *poll.Options) (*topic.Topic, error) {
	a, err := f.address(source)
	if err != nil {
		return nil, err
	}
	login := brokers.Login{AnyCertificate: anyCertificate, Role: cfg.Credentials}
	if f.secret != "" {
		login.Password = lambda.SecretLogin(cfg, f.secret)
	}
	t, err := topic.Open(a, login)
	if err == nil && f.group != "" {
		o.Checkpoints = &topic.Group{Topic: t, ID: f.group}
	}
	return t, err
}

// newTopic returns the stream of a topic, and what closes its connections.
func (f *runFlags) newTopic(cfg aws.Config, handle poll.Handler, o poll.Options) (*Stream, func(), error) {
	t, err := f.topic.open(cfg, f.sourceARN, f.AWS.NoVerifyTLS, &o)
	if err != nil {
		return nil, nil, err
	}
	s := new(Stream)
	if s.poller, err = poll.NewTopic(t, f.sourceARN, s.left.count(handle), o); err != nil {
		t.Close()
		return nil, nil, err
	}
	return s, t.Close, nil
}
