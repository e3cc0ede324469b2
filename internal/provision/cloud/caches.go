package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

// memcached returns the address of the ElastiCache for Memcached cluster called
// name: its configuration endpoint, which names the nodes.
func (a *Account) memcached(ctx context.Context, name string) (string, error) {
	cluster, err := a.cacheCluster(ctx, name)
	if err != nil {
		return "", a.unknown(err, "cache cluster", name)
	}
	if cluster.ConfigurationEndpoint != nil {
		return a.address(cluster.ConfigurationEndpoint, name)
	}
	return a.firstNode(cluster, name)
}

// redis returns the address of the ElastiCache for Redis or Valkey resource called
// name: a replication group, or else a serverless cache, or else a cluster of one node.
func (a *Account) redis(ctx context.Context, name string) (string, error) {
	groups, err := a.ElastiCache().DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &name})
	switch {
	case err == nil && len(groups.ReplicationGroups) > 0:
		g := groups.ReplicationGroups[0]
		at := g.ConfigurationEndpoint // of a group in cluster mode
		if at == nil && len(g.NodeGroups) > 0 {
			at = g.NodeGroups[0].PrimaryEndpoint
		}
		address, err := a.address(at, name)
		return scheme(g.TransitEncryptionEnabled) + address, err
	case err != nil && !IsMissing(err):
		return "", a.unknown(err, "cache", name)
	}
	caches, err := a.ElastiCache().DescribeServerlessCaches(ctx, &elasticache.DescribeServerlessCachesInput{ServerlessCacheName: &name})
	if err == nil && len(caches.ServerlessCaches) > 0 {
		address, err := a.address(caches.ServerlessCaches[0].Endpoint, name)
		return scheme(aws.Bool(true)) + address, err // serverless caches take TLS only
	}
	cluster, err := a.cacheCluster(ctx, name)
	if err != nil {
		return "", a.unknown(err, "cache", name)
	}
	address, err := a.firstNode(cluster, name)
	return scheme(cluster.TransitEncryptionEnabled) + address, err
}

func scheme(tls *bool) string {
	if aws.ToBool(tls) {
		return "rediss://"
	}
	return ""
}

func (a *Account) cacheCluster(ctx context.Context, name string) (types.CacheCluster, error) {
	out, err := a.ElastiCache().DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{
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

func (a *Account) firstNode(c types.CacheCluster, name string) (string, error) {
	if len(c.CacheNodes) == 0 {
		return a.address(nil, name)
	}
	return a.address(c.CacheNodes[0].Endpoint, name)
}

func (a *Account) address(at *types.Endpoint, name string) (string, error) {
	if at == nil || at.Address == nil {
		return "", fmt.Errorf("the cache %q has no endpoint yet; wait until it is available", name)
	}
	return fmt.Sprintf("%s:%d", *at.Address, aws.ToInt32(at.Port)), nil
}
