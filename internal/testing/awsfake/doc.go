// Package awsfake is a small AWS on a loopback port, for tests and the demo. It
// speaks what aws-sdk-go-v2 sends for the operations that fanout uses, and refuses
// what the services refuse: requests over their limits, characters outside XML
// 1.0, unsigned requests. It remembers every call and every record it took, and
// goes wrong on request.
//
//	fake, err := awsfake.Start()
//	defer fake.Close()
//	fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
//		if c.N == 1 {
//			return &awsfake.Fault{Code: "ThrottlingException", Status: 400}
//		}
//		return nil
//	})
//
// Destinations are named service/name, "kinesis/orders", and exist without being
// created; only a table must be set before it is queried.
package awsfake
