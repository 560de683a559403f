using System.Text.RegularExpressions;
using k8s.Models;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>
/// What each published process is told (docs/process-rights.md): its own role in the database, the keys of its purpose,
/// and nothing that is another's.
/// </summary>
[Collection(nameof(PublishedFiles))]
public sealed partial class RightsTests(PublishedFiles published)
{
    [Theory]
    [MemberData(nameof(Workloads))]
    public void Compose_gives_it_these_secrets_and_no_other(string workload, string[] secrets)
    {
        var environment = published.Compose["services"]![workload]!["environment"]!.ToJsonString();
        var given = Variable().Matches(environment).Select(match => match.Groups[1].Value);

        Assert.Equal(secrets, Secrets(given));
    }

    [Theory]
    [MemberData(nameof(Workloads))]
    public void Kubernetes_gives_it_these_secrets_and_no_other(string workload, string[] secrets)
    {
        var pods = published.KubernetesObjects.OfType<V1Deployment>().Select(item => item.Spec.Template.Spec)
            .Concat(published.KubernetesObjects.OfType<V1StatefulSet>().Select(item => item.Spec.Template.Spec));
        var container = pods.SelectMany(pod => pod.Containers.Concat(pod.InitContainers ?? []))
            .Single(container => container.Name == workload);

        Assert.Equal(
            secrets,
            Secrets(container.Env.Select(variable => variable.ValueFrom?.SecretKeyRef?.Key).OfType<string>()));
    }

    [Theory]
    [InlineData("api", "workflows_api", "api-db-password")]
    [InlineData("worker", "workflows_worker", "worker-db-password")]
    [InlineData("aisearch", "workflows_search", "search-db-password")]
    public void The_manifest_has_it_connect_as_its_own_role(string service, string role, string password)
    {
        var environment = published.Manifest[service]!["env"]!;

        Assert.EndsWith(
            $";Username={role};Password={{{password}.value}}",
            (string?)environment["ConnectionStrings__workflows"],
            StringComparison.Ordinal);
        Assert.DoesNotContain("workflows.connectionString", environment.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("postgres-password", environment.ToJsonString(), StringComparison.Ordinal);
    }

    public static TheoryData<string, string[]> Workloads()
    {
        var data = new TheoryData<string, string[]>();
        foreach (var (workload, secrets) in ProcessRights.Secrets)
        {
            data.Add(workload, [.. secrets.Select(secret => secret.ToUpperInvariant().Replace('-', '_')).Order()]);
        }

        return data;
    }

    private IEnumerable<string> Secrets(IEnumerable<string> names) =>
        names.Intersect(published.Settings("kubernetes/secrets.env").Keys).Order();

    [GeneratedRegex(@"\$\{(\w+):\?\}")]
    private static partial Regex Variable();
}
