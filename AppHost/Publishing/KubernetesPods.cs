using System.Globalization;
using k8s.Models;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// The pods of a workload. They run without root, privileges or a writable image. Nothing says how much of the
/// processor they may have: a limit would stop a process in bursts while the node is idle.
/// </summary>
internal static class KubernetesPods
{
    public const string PortName = "main";
    public const string SecretName = "workflows-secrets";
    public const string ConfigMapName = "workflows-settings";

    private const int StartupSeconds = 5;
    private const int ReadinessSeconds = 2; // with the failures well below the API's drain
    private const int ReadinessFailures = 2;
    private const int LivenessSeconds = 10;
    private const int LivenessFailures = 6;
    private const int ProbeTimeoutSeconds = 6; // the services give each of their own checks 5 s

    public static V1ObjectMeta Metadata(Workload workload) => new() { Name = workload.Name, Labels = Labels(workload) };

    public static Dictionary<string, string> Labels(Workload workload) =>
        new() { ["app.kubernetes.io/name"] = workload.Name };

    public static V1LabelSelector Selector(Workload workload) => new() { MatchLabels = Labels(workload) };

    /// <summary>A new pod is ready before an old one goes.</summary>
    /// <param name="workload">What runs in the pods.</param>
    /// <param name="startsAfter">What it waits for; null = nothing.</param>
    /// <param name="runsBefore">What does its work in the pod and ends, after that and before it.</param>
    public static V1Deployment Deployment(
        Workload workload, Workload? startsAfter, IReadOnlyList<Workload> runsBefore) => new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = Metadata(workload),
            Spec = new V1DeploymentSpec
            {
                Replicas = workload.Replicas,
                Selector = Selector(workload),
                Strategy = new V1DeploymentStrategy
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = 1, MaxUnavailable = 0 },
                },
                Template = Template(workload, startsAfter, runsBefore),
            },
        };

    public static V1StatefulSet StatefulSet(Workload workload) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "StatefulSet",
        Metadata = Metadata(workload),
        Spec = new V1StatefulSetSpec
        {
            Replicas = workload.Replicas,
            ServiceName = workload.Name,
            Selector = Selector(workload),
            Template = Template(workload, startsAfter: null, runsBefore: []),
            VolumeClaimTemplates = [.. workload.Volumes.Select(mount => new V1PersistentVolumeClaim
            {
                Metadata = new V1ObjectMeta { Name = mount.Volume },
                Spec = new V1PersistentVolumeClaimSpec
                {
                    AccessModes = ["ReadWriteOnce"],
                    Resources = new V1VolumeResourceRequirements
                    {
                        Requests = Quantities(("storage", $"{Text(workload.Operation.Storage)}Gi")),
                    },
                },
            })],
        },
    };

    private static V1PodTemplateSpec Template(
        Workload workload, Workload? startsAfter, IReadOnlyList<Workload> runsBefore) => new()
        {
            Metadata = new V1ObjectMeta { Labels = Labels(workload) },
            Spec = new V1PodSpec
            {
                AutomountServiceAccountToken = false,
                EnableServiceLinks = false, // else REDIS_PORT and the like appear, with an address in it
                TerminationGracePeriodSeconds = workload.Operation.StopSeconds,
                SecurityContext = new V1PodSecurityContext
                {
                    RunAsNonRoot = true,
                    RunAsUser = workload.Operation.User,
                    RunAsGroup = workload.Operation.User,
                    FsGroup = workload.Operation.User,
                    FsGroupChangePolicy = "OnRootMismatch",
                    SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" },
                },
                TopologySpreadConstraints = workload.Replicas < 2 ? null :
            [
                new V1TopologySpreadConstraint
                {
                    MaxSkew = 1,
                    TopologyKey = "kubernetes.io/hostname",
                    WhenUnsatisfiable = "ScheduleAnyway",
                    LabelSelector = Selector(workload),
                },
            ],
                InitContainers = startsAfter is null
                ? null
                : [Waiting(workload, startsAfter), .. runsBefore.Select(Container)],
                Containers = [Container(workload)],
                Volumes = [.. Scratch(workload).Select(scratch => scratch.Volume)],
            },
        };

    /// <summary>
    /// Ends when <paramref name="awaited"/> may get work: until then its service has no address behind it.
    /// </summary>
    private static V1Container Waiting(Workload workload, Workload awaited) => new()
    {
        Name = $"wait-for-{awaited.Name}",
        Image = LocalImage(workload),
        Command =
        [
            "bash", "-c", $"until (exec 3<>/dev/tcp/{awaited.Name}/{Text(awaited.Port)}) 2>/dev/null; do sleep 1; done",
        ],
        SecurityContext = Restricted(),
        Resources = new V1ResourceRequirements
        {
            Requests = Quantities(("cpu", "10m"), ("memory", "16Mi")),
            Limits = Quantities(("memory", "64Mi")),
        },
    };

    private static V1Container Container(Workload workload) => new()
    {
        Name = workload.Name,
        Image = workload.IsProject ? LocalImage(workload) : workload.Image,
        Command = workload.Entrypoint is { } entrypoint ? [entrypoint] : null,
        Args = workload.Arguments.Count == 0 ? null : [.. workload.Arguments.Select(Render)],
        Env = Environment(workload),
        Ports = workload.Operation.RunsOnce
            ? null
            : [new V1ContainerPort { Name = PortName, ContainerPort = workload.Port, Protocol = "TCP" }],
        StartupProbe = Probe(
            workload, Operation.AlivePath, StartupSeconds, workload.Operation.StartSeconds / StartupSeconds),
        ReadinessProbe = Probe(workload, Operation.HealthPath, ReadinessSeconds, ReadinessFailures),
        LivenessProbe = workload.IsProject
            ? Probe(workload, Operation.AlivePath, LivenessSeconds, LivenessFailures)
            : new V1Probe // busy or recovering is not dead
            {
                TcpSocket = new V1TCPSocketAction { Port = PortName },
                PeriodSeconds = LivenessSeconds,
                FailureThreshold = LivenessFailures,
            },
        Resources = new V1ResourceRequirements
        {
            Requests = Quantities(("cpu", workload.Operation.Cpu), ("memory", $"{Text(workload.Operation.Memory)}Mi")),
            Limits = Quantities(("memory", $"{Text(workload.Operation.MemoryLimit)}Mi")),
        },
        SecurityContext = Restricted(),
        VolumeMounts =
        [
            .. workload.Volumes.Select(mount => new V1VolumeMount { Name = mount.Volume, MountPath = mount.Target }),
            .. Scratch(workload).Select(scratch => scratch.Mount),
        ],
    };

    /// <summary>
    /// Own services answer over HTTP; servers are asked by a program of their image; what runs once is not asked.
    /// </summary>
    private static V1Probe? Probe(Workload workload, string path, int periodSeconds, int failures) =>
        workload.Operation.RunsOnce
            ? null
            : new()
            {
                HttpGet = workload.IsProject ? new V1HTTPGetAction { Path = path, Port = PortName } : null,
                Exec = workload.IsProject ? null : new V1ExecAction { Command = [.. workload.Operation.HealthCheck] },
                PeriodSeconds = periodSeconds,
                TimeoutSeconds = ProbeTimeoutSeconds,
                FailureThreshold = failures,
            };

    /// <summary>Settings come first: what follows can only refer to variables above it.</summary>
    private static List<V1EnvVar> Environment(Workload workload)
    {
        var whole = workload.Environment.Where(variable => variable.Value.Whole is not null)
            .ToDictionary(variable => variable.Key, variable => variable.Value.Whole!);
        foreach (var setting in workload.Environment.Where(variable => variable.Value.Whole is null)
            .SelectMany(variable => variable.Value.Settings)
            .Concat(workload.Arguments.SelectMany(argument => argument.Settings)))
        {
            if (!whole.TryAdd(setting.Name, setting) && whole[setting.Name] != setting)
            {
                throw new DistributedApplicationException(
                    $"{workload.Name} has a variable {setting.Name} that is not the setting of that name.");
            }
        }

        var variables = whole.Select(variable => Reference(variable.Key, variable.Value)).ToList();
        variables.AddRange(workload.Environment.Where(variable => variable.Value.Whole is null)
            .Select(variable => new V1EnvVar { Name = variable.Key, Value = Render(variable.Value) }));
        if (workload is { Operation.DataFolderVariable: { } variable, Volumes: [var volume] })
        {
            // The root of a volume belongs to the node and may not be empty; the server makes a folder below it its
            // own.
            variables.Add(new V1EnvVar { Name = variable, Value = $"{volume.Target}/data" });
        }

        return variables;
    }

    private static V1EnvVar Reference(string variable, Setting setting) => new()
    {
        Name = variable,
        ValueFrom = setting.IsSecret
            ? new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = SecretName, Key = setting.Name } }
            : new V1EnvVarSource
            {
                ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = ConfigMapName, Key = setting.Name },
            },
    };

    private static string Render(Template template) => template.Render(setting => $"$({setting.Name})");

    private static IEnumerable<(V1Volume Volume, V1VolumeMount Mount)> Scratch(Workload workload)
    {
        foreach (var (folder, index) in workload.Operation.ScratchFolders.Select((folder, index) => (folder, index)))
        {
            var name = $"scratch-{index}";
            var limited = new V1EmptyDirVolumeSource { SizeLimit = new ResourceQuantity("1Gi") };
            yield return (new V1Volume { Name = name, EmptyDir = limited },
                new V1VolumeMount { Name = name, MountPath = folder });
        }

        if (workload.Operation.SharedMemory is > 0 and var size)
        {
            var limit = new ResourceQuantity($"{Text(size)}Mi");
            var memory = new V1EmptyDirVolumeSource { Medium = "Memory", SizeLimit = limit };
            yield return (new V1Volume { Name = "shared-memory", EmptyDir = memory },
                new V1VolumeMount { Name = "shared-memory", MountPath = "/dev/shm" });
        }
    }

    private static V1SecurityContext Restricted() => new()
    {
        AllowPrivilegeEscalation = false,
        ReadOnlyRootFilesystem = true,
        Capabilities = new V1Capabilities { Drop = ["ALL"] },
    };

    /// <summary>kustomization.yaml puts the name and the tag of the day in its place.</summary>
    private static string LocalImage(Workload workload) =>
        $"{workload.ImageName}:{workload.Image[(workload.Image.LastIndexOf(':') + 1)..]}";

    private static Dictionary<string, ResourceQuantity> Quantities(
        params IEnumerable<(string Name, string Value)> quantities) =>
        quantities.ToDictionary(quantity => quantity.Name, quantity => new ResourceQuantity(quantity.Value));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
