// Package faultproxy is a proxy on a loopback port that makes faults that servers cannot
// make: truncated answers, connections that are reset before or after a request took
// effect, and untrusted certificates. It works with any server, real or fake, that speaks
// HTTP/1.1, RESP (Redis) or the text protocol of memcached. It forwards all other bytes
// unchanged.
//
//	p, err := faultproxy.Start(faultproxy.HTTP, server.Addr)
//	defer p.Close()
//	p.OnRequest(func(n int) *faultproxy.Fault {
//		if n == 1 {
//			return &faultproxy.Fault{Cut: faultproxy.CutReset}
//		}
//		return nil
//	})
package faultproxy
