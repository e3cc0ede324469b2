// Package awsfake is a small AWS on a loopback port, for tests and the demo. It supports
// the requests of aws-sdk-go-v2 for the operations that fanout uses. It refuses requests
// over the services' limits, characters outside XML 1.0, and unsigned requests, like the
// services do. It records every call and every record it takes, and fails on request.
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
// Destinations are named service/name, as in "kinesis/orders". They need not be created,
// except that a table must be set before a query.
package awsfake
