// Package faultproxy is a proxy on a loopback port that makes the faults that servers
// themselves cannot: answers that are cut off, connections that are reset before or
// after a request took effect, certificates that nobody knows. It stands before any
// server that speaks HTTP/1.1, RESP (Redis) or the text protocol of memcached, real or
// fake, and lets through, byte for byte, what it does not disturb.
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
