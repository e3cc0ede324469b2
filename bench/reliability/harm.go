package main

import (
	"os"
	"path/filepath"

	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/faultproxy"
)

// harm makes the fault happen from now on.
func (c *cell) harm() error {
	f := c.fault
	_, wired := f.wire[c.kind.family]
	switch {
	case wired:
		wire := f.wire[c.kind.family]
		c.proxy.OnRequest(func(n int) *faultproxy.Fault {
			if c.over(n) {
				return nil
			}
			return &wire
		})
	case f.code != "" || f.partial:
		c.aws.OnCall(func(call awsfake.Call) *awsfake.Fault {
			if call.Destination == "spare" || c.over(int(c.calls.Add(1))) {
				return nil
			}
			if f.partial {
				return &awsfake.Fault{Refuse: everySecond(c.kind, call.Records)}
			}
			return &awsfake.Fault{Code: f.code, Status: 403}
		})
	case f.tls:
		c.proxy.SetCertificate(authority().stranger)
	case f.refused && c.proxy == nil:
		return os.RemoveAll(filepath.Dir(c.server.Addr()))
	case f.refused:
		c.proxy.Refuse()
	}
	return nil
}

// over reports whether the fault no longer applies to request n.
func (c *cell) over(n int) bool {
	if c.fault.lasts {
		return c.healed.Load()
	}
	return n > 2
}

// heal ends a fault that lasts.
func (c *cell) heal() error {
	c.healed.Store(true)
	switch {
	case c.fault.tls:
		c.proxy.SetCertificate(authority().known)
	case c.fault.refused && c.proxy == nil:
		return os.MkdirAll(filepath.Dir(c.server.Addr()), 0o700)
	case c.fault.refused:
		return c.proxy.Listen()
	}
	return nil
}

// everySecond refuses every second of n records with the service's error code.
func everySecond(k *kind, n int) map[int]string {
	code := "InternalError"
	switch k.name {
	case "kinesis":
		code = "ProvisionedThroughputExceededException"
	case "firehose":
		code = "ServiceUnavailableException"
	case "eventbridge":
		code = "InternalFailure"
	case "es":
		code = "es_rejected_execution_exception"
	}
	refuse := make(map[int]string)
	for i := 0; i < n; i += 2 {
		refuse[i] = code
	}
	return refuse
}
