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
        var files = deployment.Workloads.ToDictionary(
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
                deployment.Workloads.SingleOrDefault(candidate => candidate.Name == workload.Operation.StartsAfter));
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
        ("resources", deployment.Workloads.Select(workload => $"{workload.Name}.yaml").ToList()),
        ("labels", new[] { Yaml.Map(("pairs", Yaml.Map(("app.kubernetes.io/part-of", "workflows")))) }),
        ("images", deployment.Workloads.Where(workload => workload.IsProject).Select(Image).ToList()),
        ("secretGenerator", Generator(KubernetesPods.SecretName, SecretsFile)),
        ("configMapGenerator", Generator(KubernetesPods.ConfigMapName, SettingsFile)));

    private static OrderedDictionary<string, object> Image(Workload workload)
    {
        var tag = workload.Image.LastIndexOf(':');
        return Yaml.Map(
            ("name", $"workflows-{workload.Name}"),
            ("newName", workload.Image[..tag]),
            ("newTag", workload.Image[(tag + 1)..]));
    }

    private static OrderedDictionary<string, object>[] Generator(string name, string file) =>
        [Yaml.Map(("name", name), ("envs", new[] { file }))];

    private static string Serialize(IKubernetesObject resource) =>
        KubernetesYaml.Serialize(resource).TrimEnd('\n') + "\n";
}
