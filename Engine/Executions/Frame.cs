using System.Globalization;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>Where one node stands within one frame.</summary>
internal enum NodePhase : byte
{
    /// <summary>Not all of its incoming edges are resolved.</summary>
    Idle,

    /// <summary>Its turn has come; it is in the execution's queue.</summary>
    Ready,

    /// <summary>A run is with the worker, or delayed in its memory.</summary>
    Running,

    /// <summary>Its wait is open.</summary>
    Waiting,

    /// <summary>The durable timer of its next attempt is open.</summary>
    Retrying,

    /// <summary>Rounds of its body are under way.</summary>
    Looping,

    /// <summary>It left by a port, with success or with an error.</summary>
    Done,

    /// <summary>It failed for good and that ends its frame.</summary>
    Failed,

    /// <summary>All ways to it are dead.</summary>
    Skipped,

    /// <summary>It was stopped, or never begun, because its frame ends.</summary>
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

    /// <summary>The rounds under way; set in <see cref="NodePhase.Looping"/>.</summary>
    public LoopRun? Loop;
}

/// <summary>Why a frame ends before its nodes have.</summary>
internal sealed record FrameFailure(string NodeId, StepError Error);

/// <summary>
/// One pass over one graph: the whole workflow (iteration <c>""</c>), or one round of a loop's body (<c>3</c>; the first round of a loop within it
/// <c>3/0</c>). Exists while something of it is under way, and after that as long as a compensation may need it.
/// </summary>
internal sealed class Frame
{
    public Frame(ExecutionState state, CompiledGraph graph)
    {
        State = state;
        Graph = graph;
        Iteration = "";
        Slots = new NodeSlot[graph.Count];
    }

    public Frame(LoopRun loop, int index, JsonataValue item)
    {
        var parent = loop.Parent;
        State = parent.State;
        Graph = loop.Node.Body!;
        Loop = loop;
        Index = index;
        Item = item;
        Iteration = parent.Iteration.Length == 0
            ? index.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{parent.Iteration}/{index}");
        Slots = new NodeSlot[Graph.Count];
    }

    public ExecutionState State { get; }

    public CompiledGraph Graph { get; }

    public string Iteration { get; }

    /// <summary>The loop this is a round of; null for the workflow itself.</summary>
    public LoopRun? Loop { get; }

    public int Index { get; }

    public JsonataValue Item { get; }

    /// <summary>By the place in the graph; <see cref="Slot"/> goes by ordinal.</summary>
    public NodeSlot[] Slots { get; }

    /// <summary>Nodes whose turn has come and that have neither ended nor been stopped; at 0 the frame is over.</summary>
    public int OpenCount { get; private set; }

    /// <summary>Nothing starts here any more; it is over when what runs has ended.</summary>
    public bool IsClosing { get; set; }

    /// <summary>It only takes over what is recorded and begins nothing: rebuilt for the compensations it may need.</summary>
    public bool IsReplay { get; set; }

    /// <summary>A replay has found something recorded here.</summary>
    public bool HasRecords { get; set; }

    public FrameFailure? Failure { get; set; }

    /// <summary>What expressions of this frame see.</summary>
    public JsonataValue Scope => field.IsUndefined ? field = JsonataValue.FromObject(new FrameScope(this)) : field;

    /// <summary>The same with <c>secrets</c>, for the parameters marked secret that read them.</summary>
    public JsonataValue SecretScope =>
        field.IsUndefined ? field = JsonataValue.FromObject(new FrameScope(this, withSecrets: true)) : field;

    public ref NodeSlot Slot(int ordinal) => ref Slots[ordinal - Graph.First];

    public void MakeReady(int ordinal)
    {
        OpenCount++;
        Slot(ordinal).Phase = NodePhase.Ready;
        State.Ready.Enqueue((this, ordinal));
    }

    public void Start()
    {
        foreach (var ordinal in Graph.Starts)
        {
            MakeReady(ordinal);
        }
    }

    /// <summary>A node that was open is no more, and all that follows from it is noted.</summary>
    public void Settle(ref NodeSlot slot, NodePhase phase)
    {
        slot.Phase = phase;
        slot.Loop = null;
        if (--OpenCount == 0 && Loop is not null)
        {
            State.Over.Enqueue(this);
        }
    }

    /// <summary>Whether the edge into <paramref name="edge"/>'s end is taken: its node left by that port.</summary>
    public bool IsTaken(NodeEdge edge) => Slot(edge.Node).Phase == NodePhase.Done && Slot(edge.Node).Port == edge.Port;

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
            ref var slot = ref Slot(edge.Node);
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
