package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
	"fanout/lambda/metrics"
	"fanout/sinks"
	"fanout/sinks/builtin/setup"
)

// network checks that the function can reach AWS and its caches.
func (p *examination) network(ctx context.Context) []Finding {
	is := p.is("network")
	if !p.function.VPC {
		return p.outside(is)
	}
	ids := p.config.VpcConfig.SubnetIds
	subnets, err := p.EC2.DescribeSubnets(ctx, ids)
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	if len(subnets) == 0 {
		return []Finding{is.wrong(p.run("deploy", "--subnet", "ID", "--security-group", "ID"), "its subnets %s do not exist", strings.Join(ids, ", "))}
	}
	tables, err := p.EC2.DescribeRouteTables(ctx, subnets[0].VPC)
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	endpoints, err := p.EC2.DescribeVpcEndpoints(ctx, subnets[0].VPC)
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	var found []Finding
	for _, s := range subnets {
		table := tableOf(s.ID, tables)
		if leadsOut(table) {
			continue
		}
		why := "has no route out of its VPC"
		if slices.ContainsFunc(table.Routes, func(r cloud.Route) bool { return strings.HasPrefix(r.Gateway, "igw-") }) {
			// Lambda guide, Enable internet access for VPC-connected Lambda functions.
			why = "has only an internet gateway, which a function cannot use"
		}
		if lacks := p.unreachable(table.ID, endpoints); len(lacks) > 0 {
			found = append(found, is.wrong("give it a route to a NAT gateway, or add VPC endpoints for these services to its VPC",
				"subnet %s %s, and no VPC endpoint for %s", s.ID, why, strings.Join(lacks, ", ")))
		}
	}
	if found == nil {
		found = append(found, is.ok("%d subnets of %s, with a route to every required service", len(subnets), subnets[0].VPC))
	}
	return found
}

// outside checks that no target is inside a VPC.
func (p *examination) outside(is about) []Finding {
	var found []Finding
	fix := "put the function into the cache's VPC: " + p.command("deploy", "--subnet", "ID", "--security-group", "ID")
	for _, t := range p.active() {
		if !t.Type.Cache {
			continue
		}
		host, id := awsname.WithoutPort(t.Destination.Host), awsname.Target(t.SourceARN, t.ID)
		if private(host) {
			found = append(found, is.wrong(fix, "%s is at %s, inside a VPC, but the function is not in a VPC", id, host))
		} else {
			found = append(found, is.warning(fix, "%s is at %s, which must be a public address, because the function is not in a VPC", id, host))
		}
	}
	if found == nil {
		found = append(found, is.ok("not in a VPC"))
	}
	return found
}

// private reports whether a host is reachable only from inside a network.
func private(host string) bool {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
	}
	return awsname.IsElastiCache(host) || !strings.Contains(host, ".")
}

// tableOf returns the route table of a subnet: its own, or else the VPC's main one.
func tableOf(subnet string, tables []cloud.RouteTable) cloud.RouteTable {
	var main cloud.RouteTable
	for _, t := range tables {
		for _, a := range t.Associations {
			if a.Subnet == subnet {
				return t
			}
			if a.Main {
				main = t
			}
		}
	}
	return main
}

// leadsOut reports whether a route table leads everywhere. A function has no public
// address, so an internet gateway alone is not enough. A VPN, a transit gateway or a
// user's own NAT counts as a way out, because its far end cannot be seen from here.
func leadsOut(t cloud.RouteTable) bool {
	return slices.ContainsFunc(t.Routes, func(r cloud.Route) bool {
		through := cmp.Or(r.NAT, r.Transit, r.Interface, r.Peering)
		if strings.HasPrefix(r.Gateway, "vgw-") {
			through = r.Gateway
		}
		return r.To == "0.0.0.0/0" && r.State != "blackhole" && through != ""
	})
}

// unreachable returns the services that the function needs and that no endpoint serves, by
// their endpoint names, sorted.
func (p *examination) unreachable(table string, endpoints []cloud.Endpoint) []string {
	needs := p.services()
	for _, e := range endpoints {
		if e.State != "available" || e.Kind == "Gateway" && !slices.Contains(e.RouteTables, table) {
			continue
		}
		delete(needs, serviceOf(e.Service, p.self.Region))
	}
	return slices.Sorted(maps.Keys(needs))
}

// serviceOf returns the service of an endpoint in com.amazonaws.REGION.SERVICE, or
// cn.com.amazonaws.….
func serviceOf(name, region string) string {
	_, service, _ := strings.Cut(name, "."+region+".")
	return service
}

// services returns the services that the function calls. Its logs take another way. An
// endpoint serves its own region only.
func (p *examination) services() map[string]bool {
	needs := make(map[string]bool)
	if !p.fromFile || p.ledgerTable != "" {
		needs["dynamodb"] = true
	}
	if p.options.Metrics == metrics.ModeCloudWatch {
		needs["monitoring"] = true
	}
	for _, t := range p.active() {
		if t.Role != "" {
			needs["sts"] = true
		}
		if t.Secret != "" {
			needs["secretsmanager"] = true
		}
		for _, each := range sinks.WithStores([]sinks.Spec{*t}) {
			if name := p.endpoint(&each); name != "" {
				needs[name] = true
			}
		}
	}
	return needs
}

// endpoint returns the service that a target calls; "": none.
func (p *examination) endpoint(t *sinks.Spec) string {
	known := setup.Of(t.Type)
	if known.Endpoint == nil {
		return ""
	}
	name := known.Endpoint(t)
	if name != "" && t.Region != "" && t.Region != p.self.Region {
		name = fmt.Sprintf("%s in %s", name, t.Region)
	}
	return name
}
