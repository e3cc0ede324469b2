package doctor

import (
	"cmp"
	"context"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"fanout/internal/provision/cloud"
)

// cache looks for the ElastiCache cache with the target's host. Only a client inside
// its network can tell whether the host answers.
func (c *visit) cache(ctx context.Context) Finding {
	host := hostOf(c.spec.Destination.Host)
	if !elastic(host) {
		return c.notChecked("%s is not an endpoint of ElastiCache", host)
	}
	var unseen error // why some caches could not be seen
	for _, look := range []func(context.Context, string) (string, error){c.replicationGroup, c.serverless, c.cluster} {
		status, err := look(ctx, host)
		if err != nil {
			unseen = err
		}
		if status != "" {
			return c.state("cache", status, "available", "modifying", "snapshotting")
		}
	}
	if unseen != nil {
		return c.unknown(unseen)
	}
	return c.warning(c.fix("--destination", "NAME"), "no cache of this account and region has the endpoint %s", host)
}

// hostOf returns a host without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// elastic reports whether a host belongs to ElastiCache (ElastiCache guide, Finding
// connection endpoints).
func elastic(host string) bool { return strings.Contains(host, ".cache.amazonaws.com") }

// at reports whether an endpoint has a host.
func at(host string, endpoints ...*types.Endpoint) bool {
	for _, e := range endpoints {
		if e != nil && strings.EqualFold(aws.ToString(e.Address), host) {
			return true
		}
	}
	return false
}

// replicationGroup returns the status of the replication group with a host, "" if there
// is none.
func (c *visit) replicationGroup(ctx context.Context, host string) (string, error) {
	for page, err := range cloud.Pages(ctx, elasticache.NewDescribeReplicationGroupsPaginator(c.ElastiCache, &elasticache.DescribeReplicationGroupsInput{})) {
		if err != nil {
			return "", err
		}
		for _, g := range page.ReplicationGroups {
			endpoints := []*types.Endpoint{g.ConfigurationEndpoint}
			for _, n := range g.NodeGroups {
				endpoints = append(endpoints, n.PrimaryEndpoint, n.ReaderEndpoint)
			}
			if at(host, endpoints...) {
				return cmp.Or(aws.ToString(g.Status), "available"), nil
			}
		}
	}
	return "", nil
}

// serverless is like replicationGroup, for serverless caches.
func (c *visit) serverless(ctx context.Context, host string) (string, error) {
	for page, err := range cloud.Pages(ctx, elasticache.NewDescribeServerlessCachesPaginator(c.ElastiCache, &elasticache.DescribeServerlessCachesInput{})) {
		if err != nil {
			return "", err
		}
		for _, s := range page.ServerlessCaches {
			if at(host, s.Endpoint, s.ReaderEndpoint) {
				return cmp.Or(aws.ToString(s.Status), "available"), nil
			}
		}
	}
	return "", nil
}

// cluster is like replicationGroup, for clusters and their nodes.
func (c *visit) cluster(ctx context.Context, host string) (string, error) {
	for page, err := range cloud.Pages(ctx, elasticache.NewDescribeCacheClustersPaginator(c.ElastiCache, &elasticache.DescribeCacheClustersInput{ShowCacheNodeInfo: aws.Bool(true)})) {
		if err != nil {
			return "", err
		}
		for _, g := range page.CacheClusters {
			endpoints := []*types.Endpoint{g.ConfigurationEndpoint}
			for _, n := range g.CacheNodes {
				endpoints = append(endpoints, n.Endpoint)
			}
			if at(host, endpoints...) {
				return cmp.Or(aws.ToString(g.CacheClusterStatus), "available"), nil
			}
		}
	}
	return "", nil
}
