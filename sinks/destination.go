package sinks

import (
	"cmp"
	"fmt"
	"net/url"
)

// Destination is the place that a target delivers to. The type determines which fields are
// set:
//
//	kinesis, firehose, eventbridge  Name; ARN, Region, Account and Partition if given as an ARN
//	sqs                URL, Name, FIFO; Region, Account and Partition if known
//	sns                ARN, Name, FIFO, Region, Account, Partition
//	lambda             Name, Qualifier; ARN and its parts if given as an ARN
//	es                 URL, Host, Index, DocType, Signing, Region
//	iot                URL, Host, Topic, Region
//	memcached          Host, TLS, Discover
//	redis              URL, Host, TLS, Cluster
//	s3                 URL, Name, Path
//	file               Path, Root
//
// No form of printing shows a password.
type Destination struct {
	Name      string // of a stream, delivery stream, queue, topic or function
	Qualifier string // alias or version of a function
	ARN       string // without a function's qualifier
	Region    string
	Account   string
	Partition string // aws, aws-cn, aws-us-gov, …
	FIFO      bool   // the name ends in .fifo

	Host    string // host, with :port for caches and where given
	Index   string // Elasticsearch index or alias
	DocType string // mapping type, for Elasticsearch before version 7; "": none
	Signing string // SigV4 service name, es or aoss; "": unsigned, because the host is not from AWS or the URL has a password
	Topic   string // MQTT
	Path    string // of a file, "-": standard output; of a bucket: the prefix of keys
	Root    string // folder that Path must stay below; "": none

	TLS      bool // of caches
	Cluster  bool // the host is that of a Redis cluster
	Discover bool // the host is an ElastiCache configuration endpoint, which lists the nodes

	Address string // may contain a password
}

// URL returns the URL of the queue, of the Elasticsearch or IoT endpoint without a trailing
// slash, or of the Redis server. If only an ARN is given, the URL is derived from it. The
// URL may contain a password: do not print it.
func (d Destination) URL() string { return d.Address }

// String returns the destination without a password.
func (d Destination) String() string {
	switch {
	case d.ARN != "" && d.Qualifier != "":
		return d.ARN + ":" + d.Qualifier
	case d.ARN != "":
		return d.ARN
	case d.Index != "" && d.DocType != "":
		return d.Host + "#" + d.Index + "/" + d.DocType
	case d.Index != "":
		return d.Host + "#" + d.Index
	case d.Topic != "":
		return d.Host + "#" + d.Topic
	case d.Host != "":
		return d.Host
	case d.Address != "":
		return d.Address // of a queue
	case d.Qualifier != "":
		return d.Name + ":" + d.Qualifier
	case d.Path != "":
		return d.Path
	}
	return d.Name
}

// MarshalText returns String, so that logs show no password.
func (d Destination) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// GoString returns String in the form of a Go value.
func (d Destination) GoString() string { return fmt.Sprintf("target.Destination(%q)", d.String()) }

// HasPassword reports whether the address of a cache or search endpoint has a password.
func (d Destination) HasPassword() bool {
	u, err := url.Parse(d.Address)
	if err != nil {
		return false
	}
	_, ok := u.User.Password()
	return ok
}

// NameOrARN returns the destination for an API that takes both. An ARN can name a resource
// of another account.
func (d *Destination) NameOrARN() string { return cmp.Or(d.ARN, d.Name) }
