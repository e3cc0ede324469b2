package elasticache

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"fanout/internal/awsname"
	"fanout/internal/pages"
	"fanout/sinks"
	"fanout/sinks/account"
)

// Inspect looks for the cache with the target's host. Only a client inside its network can
// tell whether the host answers.
func Inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	host := awsname.WithoutPort(s.Destination.Host)
	if !awsname.IsElastiCache(host) {
		return account.State{Unseen: host + " is not an endpoint of ElastiCache"}, nil
	}
	client := elasticache.NewFromConfig(cfg)
	var unseen error // why some caches could not be seen
	for _, look := range []func(context.Context, *elasticache.Client, string) (string, error){replicationGroup, serverless, cluster} {
		status, err := look(ctx, client, host)
		if err != nil {
			unseen = err
		}
		if status != "" {
			return account.Status(What, s, status, "available", "modifying", "snapshotting"), nil
		}
	}
	if unseen != nil {
		return account.State{}, unseen
	}
	return account.State{
		Doubt: fmt.Sprintf("no cache in this account and region has the endpoint %s", host),
		Flags: []string{"--destination", "NAME"},
	}, nil
}

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
func replicationGroup(ctx context.Context, client *elasticache.Client, host string) (string, error) {
	for page, err := range pages.Of(ctx, elasticache.NewDescribeReplicationGroupsPaginator(client, &elasticache.DescribeReplicationGroupsInput{})) {
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
func serverless(ctx context.Context, client *elasticache.Client, host string) (string, error) {
	for page, err := range pages.Of(ctx, elasticache.NewDescribeServerlessCachesPaginator(client, &elasticache.DescribeServerlessCachesInput{})) {
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
func cluster(ctx context.Context, client *elasticache.Client, host string) (string, error) {
	for page, err := range pages.Of(ctx, elasticache.NewDescribeCacheClustersPaginator(client, &elasticache.DescribeCacheClustersInput{ShowCacheNodeInfo: aws.Bool(true)})) {
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
