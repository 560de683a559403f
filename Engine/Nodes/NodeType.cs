using System.Text.Json;

namespace Workflows.Engine.Nodes;

/// <summary>What running a node does to the world outside the execution.</summary>
public enum NodeEffect
{
    /// <summary>Nothing: the decider evaluates it at once, and again after a crash if it was not recorded.</summary>
    Pure,

    /// <summary>Something: it starts only when all that it depends on is durable, and may start again after a crash.</summary>
    Effect,

    /// <summary>It parks the execution: a row, and no worker, until something happens.</summary>
    Wait,
}

/// <summary>A named output of a node type.</summary>
public sealed record NodePort(string Name, string Summary)
{
    public const string Main = "main";
    public const string Error = "error";
    public const string True = "true";
    public const string False = "false";
    public const string Default = "default";
    public const string Timeout = "timeout";
    public const string Exhausted = "exhausted";
    public const string Approved = "approved";
    public const string Rejected = "rejected";
    public const string Expired = "expired";

    internal static NodePort MainPort { get; } = new(Main, "The node has done its work.");

    internal static NodePort ErrorPort { get; } =
        new(
            Error,
            "The node has failed for good; its output is the error {code, message, kind}. Without an edge here the execution fails.");
}

/// <summary>
/// One type of node: its name, ports, parameters and what a node of it does. JSON Schema, form and documentation derive from
/// the parameter record. Adding a type is one subclass and one line in <see cref="NodeCatalogue"/>.
/// </summary>
public abstract class NodeType
{
    private protected NodeType(
        string name, string category, NodeEffect effect, string summary, Type parameters, params NodePort[] ports)
    {
        Name = name;
        Category = category;
        Effect = effect;
        Summary = summary;
        Ports = ports;
        ParameterSet = ParameterSet.Of(parameters);
    }

    /// <summary>What <c>type</c> of a node says.</summary>
    public string Name { get; }

    /// <summary>control, data, wait, outside, ai.</summary>
    public string Category { get; }

    public NodeEffect Effect { get; }

    public string Summary { get; }

    /// <summary>The fixed ports; a node may have more, named by its parameters (<see cref="PortsOfParameters"/>).</summary>
    public IReadOnlyList<NodePort> Ports { get; }

    /// <summary>How further ports come from the parameters, for people; null = there are none.</summary>
    public virtual string? PortsOfParameters => null;

    /// <summary>True = a node of the type has a <c>body</c>.</summary>
    public virtual bool HasBody => false;

    /// <summary>What the step's output holds, for people.</summary>
    public abstract string OutputSummary { get; }

    public virtual IReadOnlyList<NodeParameter> Parameters => ParameterSet.Parameters;

    internal ParameterSet ParameterSet { get; }

    /// <summary>Reads the parameters of one node; null when they have problems, which are then reported.</summary>
    internal abstract NodeAction? Compile(NodeCompilation node);

    /// <summary>The JSON Schema of <c>parameters</c> of a node of this type.</summary>
    public virtual void WriteParameterSchema(Utf8JsonWriter writer) => ParameterSchema.Write(writer, Parameters);

    /// <summary>All that the console and the documentation show of the type, as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer) => NodeTypeJson.Write(writer, this);
}

/// <summary>A node type with its parameter record.</summary>
public abstract class NodeType<TParameters> : NodeType
    where TParameters : class, new()
{
    private protected NodeType(string name, string category, NodeEffect effect, string summary, params NodePort[] ports)
        : base(name, category, effect, summary, typeof(TParameters), ports)
    {
    }

    internal sealed override NodeAction? Compile(NodeCompilation node) =>
        ParameterSet.Read(node) is TParameters parameters ? Compile(parameters, node) : null;

    private protected abstract NodeAction? Compile(TParameters parameters, NodeCompilation node);
}
