// Package elasticache looks at caches of Amazon ElastiCache for the commands.
package elasticache

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"fanout/sinks/account"
)

// What is the word for a cache in a sentence.
const What = "cache"

// IsFull reports whether text is an address, not the name of a cache.
func IsFull(text string) bool { return strings.ContainsAny(text, ".:") || text == "localhost" }

// Memcached returns the address of the ElastiCache for Memcached cluster called name: its
// configuration endpoint, which names the nodes.
func Memcached(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	c, err := clusterOf(ctx, elasticache.NewFromConfig(cfg), name)
	switch {
	case err != nil:
		return "", account.Found("cache cluster", name, err)
	case c.ConfigurationEndpoint != nil:
		return address(c.ConfigurationEndpoint, name)
	}
	return firstNode(c, name)
}

// Redis returns the address of the ElastiCache for Redis or Valkey resource called name: a
// replication group, or else a serverless cache, or else a cluster of one node.
func Redis(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	client := elasticache.NewFromConfig(cfg)
	groups, err := client.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &name})
	_, missing := errors.AsType[*types.ReplicationGroupNotFoundFault](err)
	switch {
	case err == nil && len(groups.ReplicationGroups) > 0:
		g := groups.ReplicationGroups[0]
		at := g.ConfigurationEndpoint // of a group in cluster mode
		if at == nil && len(g.NodeGroups) > 0 {
			at = g.NodeGroups[0].PrimaryEndpoint
		}
		address, err := address(at, name)
		return scheme(g.TransitEncryptionEnabled) + address, err
	case err != nil && !missing:
		return "", account.Found(What, name, err)
	}
	caches, err := client.DescribeServerlessCaches(ctx, &elasticache.DescribeServerlessCachesInput{ServerlessCacheName: &name})
	if err == nil && len(caches.ServerlessCaches) > 0 {
		address, err := address(caches.ServerlessCaches[0].Endpoint, name)
		return scheme(aws.Bool(true)) + address, err // serverless caches take TLS only
	}
	c, err := clusterOf(ctx, client, name)
	if err != nil {
		return "", account.Found(What, name, err)
	}
	address, err := firstNode(c, name)
	return scheme(c.TransitEncryptionEnabled) + address, err
}

func scheme(tls *bool) string {
	if aws.ToBool(tls) {
		return "rediss://"
	}
	return ""
}

func clusterOf(ctx context.Context, client *elasticache.Client, name string) (types.CacheCluster, error) {
	out, err := client.DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{
		CacheClusterId: &name, ShowCacheNodeInfo: aws.Bool(true),
	})
	if err == nil && len(out.CacheClusters) == 0 {
		err = &types.CacheClusterNotFoundFault{}
	}
	if err != nil {
		return types.CacheCluster{}, err
	}
	return out.CacheClusters[0], nil
}

func firstNode(c types.CacheCluster, name string) (string, error) {
	if len(c.CacheNodes) == 0 {
		return address(nil, name)
	}
	return address(c.CacheNodes[0].Endpoint, name)
}

func address(at *types.Endpoint, name string) (string, error) {
	if at == nil || at.Address == nil {
		return "", fmt.Errorf("the cache %q has no endpoint yet; wait until it is available", name)
	}
	return fmt.Sprintf("%s:%d", *at.Address, aws.ToInt32(at.Port)), nil
}
