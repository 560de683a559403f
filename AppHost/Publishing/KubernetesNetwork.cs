using k8s.Models;

namespace Workflows.AppHost.Publishing;

/// <summary>How pods are found, and who may reach them.</summary>
internal static class KubernetesNetwork
{
    /// <summary>
    /// A name and an address that stay: clients need not notice that a server came back as another pod.
    /// </summary>
    public static V1Service Service(Workload workload) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = KubernetesPods.Metadata(workload),
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP",
            Selector = KubernetesPods.Labels(workload),
            Ports =
            [
                new V1ServicePort
                {
                    Name = KubernetesPods.PortName,
                    Port = workload.Port,
                    TargetPort = KubernetesPods.PortName,
                },
            ],
        },
    };

    /// <summary>
    /// Only workloads that call this one reach it; null for one that callers from outside reach. The kubelet's probes
    /// always do.
    /// </summary>
    public static V1NetworkPolicy? Policy(Workload workload, Deployment deployment)
    {
        if (workload.IsExternal)
        {
            return null;
        }

        // What runs once does so in the pods of another.
        var callers = deployment.Workloads
            .Where(candidate => !candidate.Operation.RunsOnce && candidate.Calls.Contains(workload.Name))
            .ToList();
        return new V1NetworkPolicy
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "NetworkPolicy",
            Metadata = KubernetesPods.Metadata(workload),
            Spec = new V1NetworkPolicySpec
            {
                PodSelector = KubernetesPods.Selector(workload),
                PolicyTypes = ["Ingress"],
                Ingress = callers.Count == 0 ? null : // a policy without a rule lets nobody in
                [
                    new V1NetworkPolicyIngressRule
                    {
                        FromProperty = [.. callers.Select(Peer)],
                        Ports = [new V1NetworkPolicyPort { Port = KubernetesPods.PortName, Protocol = "TCP" }],
                    },
                ],
            },
        };
    }

    private static V1NetworkPolicyPeer Peer(Workload caller) => new() { PodSelector = KubernetesPods.Selector(caller) };
}
