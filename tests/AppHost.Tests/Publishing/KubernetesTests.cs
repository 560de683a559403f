using System.Text.RegularExpressions;
using k8s.Models;
using Workflows.Testing;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>
/// The published objects of Kubernetes. Reading them already refuses members that their types do not have.
/// </summary>
[Collection(nameof(PublishedFiles))]
public sealed partial class KubernetesTests(PublishedFiles published)
{
    private readonly IReadOnlyList<object> _objects = published.KubernetesObjects;

    private IEnumerable<V1Deployment> Deployments => _objects.OfType<V1Deployment>();

    private IEnumerable<(string Name, V1PodTemplateSpec Template)> Pods =>
    [
        .. Deployments.Select(deployment => (deployment.Metadata.Name, deployment.Spec.Template)),
        .. _objects.OfType<V1StatefulSet>().Select(set => (set.Metadata.Name, set.Spec.Template)),
    ];

    private IEnumerable<V1Container> Containers =>
        Pods.SelectMany(pod => pod.Template.Spec.Containers.Concat(pod.Template.Spec.InitContainers ?? []));

    [Fact]
    public void Services_are_deployments_and_servers_keep_their_volumes()
    {
        Assert.Equal(["aisearch", "api", "worker"], Deployments.Select(deployment => deployment.Metadata.Name).Order());
        Assert.Equal(["postgres", "redis"], _objects.OfType<V1StatefulSet>().Select(set => set.Metadata.Name).Order());
        Assert.All(_objects.OfType<V1StatefulSet>(), set => Assert.Contains(
            Assert.Single(set.Spec.VolumeClaimTemplates).Metadata.Name,
            set.Spec.Template.Spec.Containers[0].VolumeMounts.Select(mount => mount.Name)));
    }

    [Fact]
    public void Kustomization_names_each_file_and_each_image()
    {
        var kustomization = PublishedFiles.ParseYaml(published.Text("kubernetes/kustomization.yaml"));
        var files = Directory.EnumerateFiles(Path.Combine(published.Folder, "kubernetes"), "*.yaml")
            .Select(path => Path.GetFileName(path)!)
            .Where(file => file != "kustomization.yaml");
        var images = kustomization["images"]!.AsArray().Select(image => (string)image!["name"]!).ToHashSet();
        string[] generated =
        [
            (string)kustomization["secretGenerator"]![0]!["envs"]![0]!,
            (string)kustomization["configMapGenerator"]![0]!["envs"]![0]!,
        ];

        Assert.Equal(files.Order(), kustomization["resources"]!.AsArray().Select(file => (string)file!).Order());
        Assert.Equal(["secrets.env", "settings.env"], generated);
        Assert.Equal(
            images.Order(),
            Containers.Select(container => container.Image.Split(':')[0])
                .Where(name => !name.Contains('/', StringComparison.Ordinal))
                .Distinct()
                .Order());
    }

    [Fact]
    public void Every_secret_and_setting_that_is_referred_to_is_to_be_filled_in()
    {
        var sources = Containers.SelectMany(container => container.Env ?? [])
            .Select(variable => variable.ValueFrom)
            .OfType<V1EnvVarSource>()
            .ToList();
        var secrets = sources.Select(source => source.SecretKeyRef).OfType<V1SecretKeySelector>().ToList();
        var settings = sources.Select(source => source.ConfigMapKeyRef).OfType<V1ConfigMapKeySelector>().ToList();

        Assert.All(secrets, reference => Assert.Equal("workflows-secrets", reference.Name));
        Assert.All(settings, reference => Assert.Equal("workflows-settings", reference.Name));
        Assert.Equal(
            published.Settings("kubernetes/secrets.env").Keys.Order(),
            secrets.Select(reference => reference.Key).Distinct().Order());
        Assert.Equal(
            published.Settings("kubernetes/settings.env").Keys.Order(),
            settings.Select(reference => reference.Key).Distinct().Order());
        Assert.All(published.Settings("kubernetes/secrets.env"), secret => Assert.Equal(string.Empty, secret.Value));
    }

    [Fact]
    public void A_variable_refers_only_to_variables_above_it()
    {
        var references = 0;
        foreach (var container in Containers)
        {
            var above = new HashSet<string>();
            foreach (var variable in container.Env ?? [])
            {
                foreach (Match match in Reference().Matches(variable.Value ?? string.Empty))
                {
                    Assert.Contains(match.Groups[1].Value, above);
                    references++;
                }

                Assert.True(above.Add(variable.Name), $"{container.Name} has {variable.Name} twice.");
            }
        }

        Assert.Equal(7, references); // two connection strings of three services, and that of the migration
    }

    [Fact]
    public void The_migration_runs_in_each_pod_of_the_API_before_it_and_once_the_database_is_there()
    {
        var pods = Pods.ToDictionary(pod => pod.Name, pod => pod.Template.Spec.InitContainers ?? []);

        Assert.Equal(["wait-for-postgres", "migration"], pods["api"].Select(container => container.Name));
        Assert.All(pods.Where(pod => pod.Key != "api"), pod => Assert.Empty(pod.Value));
        var migration = pods["api"][1];
        Assert.Equal(["migrate"], migration.Args);
        Assert.Null(migration.StartupProbe ?? migration.ReadinessProbe ?? migration.LivenessProbe);
        Assert.Null(migration.Ports);
    }

    [Fact]
    public void Every_selector_finds_pods()
    {
        var labels = Pods.Select(pod => pod.Template.Metadata.Labels).ToList();
        var selectors = _objects.OfType<V1Service>().Select(service => service.Spec.Selector)
            .Concat(Deployments.Select(deployment => deployment.Spec.Selector.MatchLabels))
            .Concat(_objects.OfType<V1StatefulSet>().Select(set => set.Spec.Selector.MatchLabels))
            .Concat(_objects.OfType<V1PodDisruptionBudget>().Select(budget => budget.Spec.Selector.MatchLabels))
            .Concat(_objects.OfType<V1NetworkPolicy>().Select(policy => policy.Spec.PodSelector.MatchLabels))
            .ToList();

        Assert.Equal(16, selectors.Count);
        Assert.All(selectors, selector => Assert.Single(labels, candidate => selector.All(candidate.Contains)));
    }

    [Fact]
    public void Services_and_probes_lead_to_ports_that_exist()
    {
        foreach (var (name, template) in Pods)
        {
            var container = template.Spec.Containers[0];
            var port = Assert.Single(container.Ports);
            var service = _objects.OfType<V1Service>().Single(service => service.Metadata.Name == name);
            Assert.Equal(port.Name, Assert.Single(service.Spec.Ports).TargetPort.Value);
            Assert.Equal(port.ContainerPort, service.Spec.Ports[0].Port);
            V1Probe[] probes = [container.StartupProbe, container.ReadinessProbe, container.LivenessProbe];
            Assert.All(
                probes.Select(probe => probe.HttpGet?.Port ?? probe.TcpSocket?.Port).OfType<IntOrString>(),
                target => Assert.Equal(port.Name, target.Value));
        }

        foreach (var container in Deployments.Select(deployment => deployment.Spec.Template.Spec.Containers[0]))
        {
            Assert.Equal("/alive", container.StartupProbe.HttpGet.Path);
            Assert.Equal("/health", container.ReadinessProbe.HttpGet.Path);
            Assert.Equal("/alive", container.LivenessProbe.HttpGet.Path);
        }
    }

    [Fact]
    public void Two_of_the_API_and_two_workers_leave_one_after_the_other()
    {
        Assert.Equal(
            [("aisearch", 1), ("api", 2), ("worker", 2)],
            Deployments.Select(deployment => (deployment.Metadata.Name, deployment.Spec.Replicas!.Value)).Order());
        Assert.Equal(
            ["api", "worker"],
            _objects.OfType<V1PodDisruptionBudget>().Select(budget => budget.Metadata.Name).Order());
        Assert.All(
            Deployments,
            deployment => Assert.Equal("0", deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value));
    }

    [Fact]
    public void Nothing_runs_as_root_with_privileges_or_a_writable_image()
    {
        Assert.All(Pods, pod => Assert.True(
            pod.Template.Spec.SecurityContext is
            { RunAsNonRoot: true, RunAsUser: > 0, SeccompProfile.Type: "RuntimeDefault" }));
        Assert.All(Pods, pod => Assert.False(pod.Template.Spec.AutomountServiceAccountToken));
        Assert.All(Containers, container => Assert.True(
            container.SecurityContext is
            { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Capabilities.Drop: ["ALL"] }));
        Assert.All(Containers, container => Assert.Contains("memory", container.Resources.Limits.Keys));
        Assert.All(Containers, container => Assert.Contains("cpu", container.Resources.Requests.Keys));
    }

    [Fact]
    public void Only_callers_reach_what_is_not_open()
    {
        var callers = _objects.OfType<V1NetworkPolicy>().ToDictionary(
            policy => policy.Metadata.Name,
            policy => (policy.Spec.Ingress ?? []).SelectMany(rule => rule.FromProperty)
                .SelectMany(peer => peer.PodSelector.MatchLabels.Values).Order().ToArray());

        Assert.Equal(["aisearch", "postgres", "redis", "worker"], callers.Keys.Order());
        Assert.Equal(["aisearch", "api", "worker"], callers["postgres"]);
        Assert.Equal(["aisearch", "api", "worker"], callers["redis"]);
        Assert.Equal(["api", "worker"], callers["aisearch"]);
        Assert.Empty(callers["worker"]);
    }

    [Fact]
    public void A_pod_gets_more_time_to_stop_than_its_service_takes()
    {
        var api = Limit("Api/Limits.cs", "DrainSeconds") + Limit("Api/Limits.cs", "StopSeconds");
        var grace = Pods.ToDictionary(pod => pod.Name, pod => pod.Template.Spec.TerminationGracePeriodSeconds!.Value);

        Assert.InRange(grace["api"], api + 1, 300);
        Assert.InRange(grace["worker"], 31, 300); // a host's services get 30 s
        Assert.InRange(grace["aisearch"], 31, 300);

        var readiness = Pods.Single(pod => pod.Name == "api").Template.Spec.Containers[0].ReadinessProbe;
        Assert.True(readiness.PeriodSeconds * readiness.FailureThreshold < Limit("Api/Limits.cs", "DrainSeconds"));
    }

    private static int Limit(string file, string name)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, file));
        var number = Regex.Match(text, $@"const int {name} = (\d+);").Groups[1].Value;
        return int.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(?<!\$)\$\((\w+)\)")]
    private static partial Regex Reference();
}
