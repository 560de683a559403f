using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>Where one node stands within one frame.</summary>
internal enum NodePhase : byte
{
    /// <summary>Not all of its incoming edges are resolved.</summary>
    Idle,

    /// <summary>Its turn has come; it is in the frame's queue.</summary>
    Ready,

    /// <summary>A run is with the worker, or delayed in its memory.</summary>
    Running,

    /// <summary>Its wait is open.</summary>
    Waiting,

    /// <summary>The durable timer of its next attempt is open.</summary>
    Retrying,

    /// <summary>It left by a port, with success or with an error.</summary>
    Done,

    /// <summary>It failed for good and that ends the execution.</summary>
    Failed,

    /// <summary>All ways to it are dead.</summary>
    Skipped,

    /// <summary>It was stopped because the execution ends.</summary>
    Cancelled,
}

/// <summary>The state of one node in one frame.</summary>
internal struct NodeSlot
{
    public NodePhase Phase;
    public WaitKind WaitKind;
    public bool HasFailed;

    /// <summary>The current or last attempt, counted over retries by a person too.</summary>
    public int Attempt;

    /// <summary>Attempts that a retry by a person has made void; the policy counts from here.</summary>
    public int AttemptBase;

    public int ResolvedEdges;
    public int TakenEdges;

    /// <summary>The port it left by; meaningful in <see cref="NodePhase.Done"/>.</summary>
    public int Port;

    public ReadOnlyMemory<byte> Output;
    public DateTimeOffset StartedAt;
    public DateTimeOffset? DueAt;

    /// <summary>The step as expressions see it; made when one first looks.</summary>
    public StepScope? Scope;
}

/// <summary>
/// One pass over a graph of nodes: the whole workflow (iteration <c>""</c>), later also each round of a loop's body, as a frame
/// of its own with its own slots.
/// </summary>
internal sealed class Frame
{
    private readonly Queue<int> _ready = new();

    public Frame(ExecutionState state, string iteration)
    {
        State = state;
        Iteration = iteration;
        Slots = new NodeSlot[state.Workflow.Nodes.Count];
    }

    public ExecutionState State { get; }

    public string Iteration { get; }

    public NodeSlot[] Slots { get; }

    /// <summary>What expressions of this frame see.</summary>
    public JsonataValue Scope => field.IsUndefined ? field = JsonataValue.FromObject(new ExecutionScope(this)) : field;

    /// <summary>The same with <c>secrets</c>, for the parameters marked secret that read them.</summary>
    public JsonataValue SecretScope =>
        field.IsUndefined ? field = JsonataValue.FromObject(new ExecutionScope(this, withSecrets: true)) : field;

    public void MakeReady(int ordinal)
    {
        Slots[ordinal].Phase = NodePhase.Ready;
        _ready.Enqueue(ordinal);
    }

    public bool TryTakeReady(out int ordinal) => _ready.TryDequeue(out ordinal);

    /// <summary>Nothing starts any more.</summary>
    public void ClearReady()
    {
        while (_ready.TryDequeue(out var ordinal))
        {
            Slots[ordinal].Phase = NodePhase.Cancelled;
        }
    }

    /// <summary>Whether the edge into <paramref name="edge"/>'s end is taken: its node left by that port.</summary>
    public bool IsTaken(NodeEdge edge) => Slots[edge.Node].Phase == NodePhase.Done && Slots[edge.Node].Port == edge.Port;

    /// <summary>
    /// Tells the nodes behind <paramref name="node"/> which of its edges are taken and which are dead (dead-path elimination).
    /// A node whose edges are all dead is dead itself; that spreads here, without a stack as deep as the graph.
    /// </summary>
    public void Leave(CompiledNode node, int port)
    {
        Stack<int>? dead = null;
        Resolve(node, port, ref dead);
        while (dead is not null && dead.TryPop(out var ordinal))
        {
            Resolve(State.Workflow.Nodes[ordinal], port: -1, ref dead);
        }
    }

    private void Resolve(CompiledNode node, int port, ref Stack<int>? dead)
    {
        foreach (var edge in node.Outgoing)
        {
            ref var slot = ref Slots[edge.Node];
            slot.ResolvedEdges++;
            if (edge.Port == port)
            {
                slot.TakenEdges++;
            }

            if (slot.Phase != NodePhase.Idle)
            {
                continue; // a join that has fired already: later branches change nothing
            }

            var target = State.Workflow.Nodes[edge.Node];
            var isLast = slot.ResolvedEdges == target.Incoming.Length;
            if (target.Quorum > 0 && slot.TakenEdges >= target.Quorum)
            {
                MakeReady(edge.Node);
            }
            else if (isLast && slot.TakenEdges > 0)
            {
                MakeReady(edge.Node);
            }
            else if (isLast)
            {
                slot.Phase = NodePhase.Skipped;
                (dead ??= new Stack<int>()).Push(edge.Node);
            }
        }
    }
}
