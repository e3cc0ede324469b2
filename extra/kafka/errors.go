package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/engine"
	"fanout/engine/plain"
)

// verdict is the class of an error and what to do about it.
type verdict struct {
	class engine.Class
	why   string
}

var (
	denied   = verdict{engine.Permanent, "access is denied: check user, password and the user's permissions"}
	noTopic  = verdict{engine.Permanent, "the topic does not exist: create it, or correct its name"}
	oversize = verdict{engine.TooLarge, "the record, with others in its batch, is larger than the topic's max.message.bytes: raise it, or lower batchBytes"}
	invalid  = verdict{engine.Refused, "the broker refuses the record, or another one in its batch: a compacted topic takes no record without a key, and a topic may bound times"}
)

// verdicts are the errors of brokers that another attempt does not heal (Kafka documentation,
// Protocol, Error codes). All others may pass.
var verdicts = map[error]verdict{
	kerr.MessageTooLarge:            oversize,
	kerr.RecordListTooLarge:         oversize,
	kerr.InvalidRecord:              invalid,
	kerr.InvalidTimestamp:           invalid,
	kerr.TopicAuthorizationFailed:   denied,
	kerr.ClusterAuthorizationFailed: denied,
	kerr.SaslAuthenticationFailed:   denied,
	kerr.IllegalSaslState:           {engine.Permanent, "the broker does not expect a login: check the port, and ?sasl= in the destination"},
	kerr.UnsupportedSaslMechanism:   {engine.Permanent, "the broker does not have this SASL mechanism: correct ?sasl= in the destination"},
	kerr.UnknownTopicOrPartition:    noTopic,
	kerr.UnknownTopicID:             noTopic,
	kerr.InvalidTopicException:      noTopic,
	kerr.PolicyViolation:            {engine.Permanent, "a policy of the cluster refuses it"},
	kerr.UnsupportedVersion:         {engine.Permanent, "the broker is too old"},
	kerr.ThrottlingQuotaExceeded:    {engine.Throttled, "the cluster accepts no more for now"},
}

// isRefusal reports whether a broker refused a batch because of one of its records.
func isRefusal(err error) bool {
	c := verdicts[brokerError(err)].class
	return c == engine.TooLarge || c == engine.Refused
}

// brokerError returns the error code in err, or nil.
func brokerError(err error) error {
	if e, ok := errors.AsType[*kerr.Error](err); ok {
		return kerr.ErrorForCode(e.Code)
	}
	return nil
}

// classify returns the class and text of the error of a record. A batch that was refused with
// several records is sent again in smaller requests, which find the record at fault.
func (s *Sink) classify(err error, whole bool) error {
	if code, ok := errors.AsType[*kerr.Error](err); ok {
		v, known := verdicts[brokerError(err)]
		switch {
		case !known:
			v = verdict{engine.Retryable, "the broker failed or is not ready"}
		case isRefusal(err) && !whole:
			v.class = engine.Retryable
		}
		return engine.Errorf(v.class, "%s: %s: %s", s, code.Message, v.why)
	}
	if e, ok := errors.AsType[*engine.Error](err); ok { // of the credentials
		return &engine.Error{Class: e.Class, After: e.After, Err: errors.New(s.String() + ": " + e.Error())}
	}
	switch {
	case errors.Is(err, io.EOF):
		return engine.Errorf(engine.Retryable, "%s: the broker closed the connection: if this lasts, check user and password, its port, kafkas:// and ?sasl= in the destination", s)
	case errors.Is(err, kgo.ErrMaxBuffered):
		return engine.Errorf(engine.Throttled, "%s: too many records of earlier attempts wait for an answer", s)
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kgo.ErrRecordRetries), errors.Is(err, errUnknown),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, kgo.ErrAborting), errors.Is(err, kgo.ErrClientClosed):
		return engine.Errorf(engine.Retryable, "%s: no broker answered in time, so it is unknown whether the record arrived: check the brokers, their ports and the network", s)
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return engine.Errorf(engine.Retryable, "%s: the broker's certificate is not valid: %s", s, plain.Text(bad.Err.Error()))
	}
	if broken, ok := errors.AsType[*net.OpError](err); ok && broken.Err != nil {
		return engine.Errorf(engine.Retryable, "%s: the connection failed, so it is unknown whether the record arrived: %s", s, plain.Text(broken.Err.Error()))
	}
	return engine.Errorf(engine.Retryable, "%s: the request failed, so it is unknown whether the record arrived", s)
}
