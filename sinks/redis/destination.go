package redis

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses host:port, or redis:// or rediss:// with user, password and database
// (IANA, Provisional URI schemes redis and rediss). The default port is 6379, Redis' port.
func Parse(text string) (sinks.Destination, error) {
	const want = "write host:port, redis://host:port or rediss://user:password@host:port/database"
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "@") {
			return sinks.Destination{}, errors.New("has a user or password and no scheme; " + want)
		}
		text = "redis://" + text
	}
	u, err := url.Parse(text) // its error shows the password
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" {
		return sinks.Destination{}, errors.New("is not the address of a Redis server; " + want)
	}
	host, ok := awsname.HostPort(u.Host, "6379")
	if !ok {
		return sinks.Destination{}, errors.New("has no valid host and port; " + want)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return sinks.Destination{}, errors.New("has text after the database; " + want)
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if n, err := strconv.ParseUint(db, 10, 31); err != nil {
			return sinks.Destination{}, errors.New("has a database that is not a number; " + want)
		} else if u.Path = "/" + strconv.FormatUint(n, 10); n == 0 {
			u.Path = ""
		}
	} else {
		u.Path = ""
	}
	if place.Serverless(host) {
		u.Scheme = "rediss"
	}
	u.Host = host
	cluster := strings.HasPrefix(host, "clustercfg.") || strings.Contains(host, ".clustercfg.")
	return sinks.Destination{Host: host, TLS: u.Scheme == "rediss", Cluster: cluster || place.Serverless(host), Address: u.String()}, nil
}
