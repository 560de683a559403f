using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>A graph of nodes whose ordinals are in a row: the workflow itself, or the body of a loop.</summary>
internal sealed class CompiledGraph(int first, int count, CompiledGraph? parent, int loop)
{
    /// <summary>The ordinal of the first node.</summary>
    public int First => first;

    public int Count => count;

    /// <summary>The graph with the loop whose body this is; null for the workflow.</summary>
    public CompiledGraph? Parent => parent;

    /// <summary>The ordinal of that loop; -1 for the workflow.</summary>
    public int Loop => loop;

    /// <summary>The template of the result; null = the outputs of the terminal steps.</summary>
    public JsonTemplate? Output { get; init; }

    /// <summary>The nodes an execution of the graph begins with: without incoming edges, and not there to compensate another.</summary>
    public required int[] Starts { get; init; }

    /// <summary>Some node here, or in a body within, names a compensating node.</summary>
    public bool HasCompensations { get; internal set; }
}

/// <summary>A node by ordinals and compiled parameters.</summary>
public sealed class CompiledNode
{
    internal CompiledNode(
        int ordinal,
        NodeDefinition definition,
        NodeType type,
        NodeAction action,
        string[] ports,
        NodeEdge[] incoming,
        NodeEdge[] outgoing,
        object[] secretReaders)
    {
        Ordinal = ordinal;
        Definition = definition;
        Type = type;
        Action = action;
        Ports = ports;
        Incoming = incoming;
        Outgoing = outgoing;
        SecretReaders = secretReaders;
        IsRunOutside = action is EffectAction || (definition.Effect && action is PureAction);
        TimeoutSeconds = definition.TimeoutSeconds ?? action.TimeoutSeconds;
        Quorum = action.Quorum;
        ErrorPort = IsWired(NodePort.Error) ? PortOf(NodePort.Error) : -1;
    }

    public int Ordinal { get; }

    public string Id => Definition.Id;

    public NodeDefinition Definition { get; }

    public NodeType Type { get; }

    /// <summary>True when its runs go through <see cref="Executions.RunNode"/>.</summary>
    public bool IsRunOutside { get; }

    /// <summary>The graph it stands in.</summary>
    internal CompiledGraph Graph { get; init; } = null!;

    /// <summary>What it repeats; null for all but loops.</summary>
    internal CompiledGraph? Body { get; init; }

    /// <summary>The ordinal of the node that undoes this one; -1 = none.</summary>
    internal int Compensation { get; init; } = -1;

    /// <summary>It runs only to undo another node.</summary>
    internal bool IsCompensation { get; init; }

    internal NodeAction Action { get; }

    internal string[] Ports { get; }

    /// <summary>Edges that lead here: where from, by which port of that node.</summary>
    internal NodeEdge[] Incoming { get; }

    /// <summary>Edges that leave: by which port of this node, where to.</summary>
    internal NodeEdge[] Outgoing { get; }

    /// <summary>The templates and expressions among its parameters that read secrets.</summary>
    internal object[] SecretReaders { get; }

    internal double? TimeoutSeconds { get; }

    internal int Quorum { get; }

    /// <summary>The port <c>error</c> when an edge leaves by it; -1 otherwise.</summary>
    internal int ErrorPort { get; }

    internal int PortOf(string name)
    {
        for (var port = 0; port < Ports.Length; port++)
        {
            if (ReferenceEquals(Ports[port], name) || Ports[port] == name)
            {
                return port;
            }
        }

        return -1;
    }

    internal bool IsWired(string portName)
    {
        var port = PortOf(portName);
        return port >= 0 && Array.Exists(Outgoing, edge => edge.Port == port);
    }
}

/// <summary>One end of an edge: the node at the other end, and the port of the node it leaves.</summary>
internal readonly record struct NodeEdge(int Node, int Port);
