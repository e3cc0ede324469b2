package target

import "fanout/sinks"

// Auths are the values of the attribute auth.
var Auths = []string{sinks.AuthNone, sinks.AuthBearer, sinks.AuthBasic, sinks.AuthOAuth2, sinks.AuthSigV4, sinks.AuthHMAC}

// checkHTTP checks attributes that only targets have which send plain HTTP.
func (c *checker) checkHTTP() {
	c.checkWord("auth", &c.spec.Auth, Auths, sinks.AuthNone)
	if c.spec.Type == nil || c.spec.Type.HTTP {
		return
	}
	s := &c.spec
	for _, a := range []struct {
		name string
		set  bool
	}{{headers, s.Headers != ""}, {"auth", s.Auth != ""}, {"rateLimit", s.RateLimit != 0}} {
		if a.set && !c.broken[a.name] {
			c.warn(a.name, "has no effect on %s, only on %s", s.Type, c.catalog.With(func(t *sinks.Type) bool { return t.HTTP }))
		}
	}
	s.Headers, s.Auth, s.RateLimit = "", "", 0
}
