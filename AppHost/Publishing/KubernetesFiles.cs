using k8s;
using k8s.Models;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// A deployment as a folder for <c>kubectl apply -k</c>: one file for each workload, <c>kustomization.yaml</c>, and
/// two files that are filled in first. No namespace is named: whoever applies chooses it.
/// </summary>
internal static class KubernetesFiles
{
    public const string SecretsFile = "secrets.env";
    public const string SettingsFile = "settings.env";

    private const string Comment =
        "# Written by publishing the AppHost, which overwrites it: changes belong into a kustomization of your own.\n\n";

    /// <returns>The content of each file by its name, without the two that are filled in.</returns>
    public static IReadOnlyDictionary<string, string> Write(Deployment deployment)
    {
        var files = Standing(deployment).ToDictionary(
            workload => $"{workload.Name}.yaml",
            workload => Comment + string.Join("---\n", Objects(workload, deployment).Select(Serialize)));
        files["kustomization.yaml"] = Comment + Yaml.Write(Kustomization(deployment));
        return files;
    }

    private static IEnumerable<IKubernetesObject> Objects(Workload workload, Deployment deployment)
    {
        yield return KubernetesNetwork.Service(workload);
        if (KubernetesNetwork.Policy(workload, deployment) is { } policy)
        {
            yield return policy;
        }

        if (workload.IsProject)
        {
            yield return KubernetesPods.Deployment(
                workload,
                deployment.Workloads.SingleOrDefault(candidate => candidate.Name == workload.Operation.StartsAfter),
                [.. RunsBefore(workload, deployment)]);
        }
        else
        {
            yield return KubernetesPods.StatefulSet(workload);
        }

        if (workload.Replicas > 1)
        {
            yield return Budget(workload);
        }
    }

    private static IEnumerable<Workload> Standing(Deployment deployment) =>
        deployment.Workloads.Where(workload => !workload.Operation.RunsOnce);

    // In each new pod of who waits for it, rather than as a job: a job cannot be applied again with another image, and
    // nothing would have pods wait for it. What has nothing to do ends in a second; several do not disturb each other.
    private static IEnumerable<Workload> RunsBefore(Workload workload, Deployment deployment) =>
        deployment.Workloads.Where(
            candidate => candidate.Operation.RunsOnce && workload.WaitsFor.Contains(candidate.Name));

    /// <summary>When nodes are emptied, the instances of a workload leave one after the other.</summary>
    private static V1PodDisruptionBudget Budget(Workload workload) => new()
    {
        ApiVersion = "policy/v1",
        Kind = "PodDisruptionBudget",
        Metadata = KubernetesPods.Metadata(workload),
        Spec = new V1PodDisruptionBudgetSpec { MaxUnavailable = 1, Selector = KubernetesPods.Selector(workload) },
    };

    /// <summary>
    /// Secrets and settings get a name with their content in it, so that a change of them restarts who uses them.
    /// </summary>
    private static OrderedDictionary<string, object> Kustomization(Deployment deployment) => Yaml.Map(
        ("apiVersion", "kustomize.config.k8s.io/v1beta1"),
        ("kind", "Kustomization"),
        ("resources", Standing(deployment).Select(workload => $"{workload.Name}.yaml").ToList()),
        ("labels", new[] { Yaml.Map(("pairs", Yaml.Map(("app.kubernetes.io/part-of", "workflows")))) }),
        ("images", Standing(deployment).Where(workload => workload.IsProject).Select(Image).ToList()),
        ("secretGenerator", Generator(KubernetesPods.SecretName, SecretsFile)),
        ("configMapGenerator", Generator(KubernetesPods.ConfigMapName, SettingsFile)));

    private static OrderedDictionary<string, object> Image(Workload workload)
    {
        var tag = workload.Image.LastIndexOf(':');
        return Yaml.Map(
            ("name", workload.ImageName),
            ("newName", workload.Image[..tag]),
            ("newTag", workload.Image[(tag + 1)..]));
    }

    private static OrderedDictionary<string, object>[] Generator(string name, string file) =>
        [Yaml.Map(("name", name), ("envs", new[] { file }))];

    private static string Serialize(IKubernetesObject resource) =>
        KubernetesYaml.Serialize(resource).TrimEnd('\n') + "\n";
}
