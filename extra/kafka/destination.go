package kafka

import (
	"errors"

	"fanout/internal/brokers"
	"fanout/sinks"
)

// Parse parses a destination: the address of a topic ([brokers.Parse]).
func Parse(text string) (sinks.Destination, error) {
	a, err := brokers.Parse(text)
	if err == nil && a.Topic == "" {
		err = errors.New("has no valid topic; write one like kafkas://broker-1:9094,broker-2:9094/topic")
	}
	if err != nil {
		return sinks.Destination{}, err
	}
	return sinks.Destination{Name: a.Topic, Address: a.String(), TLS: a.TLS, Region: a.Region()}, nil
}

// of returns the parts of a destination that Parse made.
func of(d *sinks.Destination) brokers.Address {
	a, _ := brokers.Parse(d.Address)
	return a
}

// check checks a target's credentials.
func check(s *sinks.Spec, f sinks.Findings) {
	if f.HasFault("destination") || s.Destination.Address == "" {
		return
	}
	a := of(&s.Destination)
	switch {
	case a.Password() && s.Secret == "":
		f.Fault("secret", "is missing; write the ARN of a secret with user and password, or remove ?sasl= from the destination")
	case !a.Password() && s.Secret != "":
		f.Fault("secret", "has no effect without a mechanism; add ?sasl=scram-sha-512 or ?sasl=plain to the destination, or remove it")
	}
	switch {
	case a.SASL == brokers.IAM && !a.TLS:
		f.Fault("destination", "needs TLS for ?sasl=iam; write kafkas://")
	case a.SASL == brokers.Plain && !a.TLS:
		f.Warn("destination", "sends the password without TLS; write kafkas://")
	}
	if s.Role != "" && a.SASL != brokers.IAM {
		f.Warn("role", "has no effect without ?sasl=iam in the destination")
	}
}
