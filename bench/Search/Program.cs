using System.Text.Json;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Text;
var root="/work/shared/retrieval";
foreach (var name in new[]{"cranfield","medline","claude-docs"}) {
  var docs=File.ReadLines($"{root}/{name}/corpus.jsonl").Select(l=>JsonDocument.Parse(l).RootElement).Select(e=>(Id:e.GetProperty("_id").GetString()!,Title:e.GetProperty("title").GetString()!,Text:e.GetProperty("text").GetString()!)).ToArray();
  var qs=File.ReadLines($"{root}/{name}/queries.jsonl").Select(l=>JsonDocument.Parse(l).RootElement).ToDictionary(e=>e.GetProperty("_id").GetString()!,e=>e.GetProperty("text").GetString()!);
  var rel=File.ReadLines($"{root}/{name}/qrels/test.tsv").Skip(1).Select(l=>l.Split('\t')).GroupBy(p=>p[0]).ToDictionary(g=>g.Key,g=>g.ToDictionary(p=>p[1],p=>int.Parse(p[2])));
  rel=rel.Where(p=>p.Value.Values.Any(v=>v>0)).ToDictionary(p=>p.Key,p=>p.Value);
  var tv=docs.Select(d=>TermVector.Of(d.Title,d.Text)).ToArray();
  var df=new Dictionary<uint,int>(); foreach(var t in tv) foreach(var (k,_) in t.Terms) df[k]=df.GetValueOrDefault(k)+1;
  double avg=tv.Average(t=>t.Length);
  float[] Bm25(TermVector q,double k1,double b){ var s=new float[docs.Length]; foreach(var (k,qf) in q.Terms){ if(!df.TryGetValue(k,out var d)) continue; var idf=Math.Log(1+(docs.Length-d+.5)/(d+.5))*qf; for(int i=0;i<tv.Length;i++){ var lo=Find(tv[i],k); if(lo>0) s[i]+=(float)(idf*lo/(lo+k1*(1-b+b*tv[i].Length/avg))); } } return s; }
  static int Find(TermVector t,uint k){ int lo=0,hi=t.Terms.Count-1; while(lo<=hi){int m=(lo+hi)/2; var x=t.Terms[m]; if(x.Term==k) return x.Count; if(x.Term<k) lo=m+1; else hi=m-1;} return 0; }
  double Ndcg(Func<string,float[]> score){ double sum=0; foreach(var (q,r) in rel){ var s=score(q); var top=Enumerable.Range(0,s.Length).Where(i=>s[i]!=0).OrderByDescending(i=>s[i]).Take(10).ToArray(); double dcg=0; for(int i=0;i<top.Length;i++) dcg+=r.GetValueOrDefault(docs[top[i]].Id)/Math.Log2(i+2); double ide=r.Values.Where(v=>v>0).OrderDescending().Take(10).Select((v,i)=>v/Math.Log2(i+2)).Sum(); sum+=dcg/ide; } return sum/rel.Count; }
  var qv=qs.ToDictionary(p=>p.Key,p=>TermVector.Of(p.Value));
  foreach(var (k1,b) in new[]{(1.2,.75),(0.9,.4),(1.5,.75),(1.2,.9)}) Console.WriteLine($"{name} bm25 {k1} {b} {Ndcg(q=>Bm25(qv[q],k1,b)):F4}");
  var bm=qs.Keys.ToDictionary(q=>q,q=>Bm25(qv[q],1.2,.75));

  foreach(var K in new[]{192}) {
    SemanticModel.Directions=K;
    var m=SemanticTrainer.Train(tv,default)!;
    foreach(var p in new[]{0.25}) foreach(var alpha in new[]{.3f}) {
      var scale=m.Energies.Select(e=>(float)Math.Pow(Math.Max(e,1e-6),p/2)).ToArray(); var sm=scale.Max();
      for(int i=0;i<scale.Length;i++) scale[i]/=sm;
      int H=384-m.Rank;
      float[] E(TermVector t){ var r=m.EmbedRaw(t); for(int i=0;i<r.Length;i++) r[i]*=scale[i]; Vectors.Normalize(r); var h=new float[H];
        foreach(var (k,c) in t.Terms){ var d=df.GetValueOrDefault(k,1); var w=(1+MathF.Log(c))*(MathF.Log((float)docs.Length/d)+1); for(int j=0;j<6;j++){ var x=TermVector.Mix(k*16ul+(ulong)j); h[(int)(x%(ulong)H)]+=(x>>63)==0?w:-w; } }
        Vectors.Normalize(h); Vectors.Scale(h,alpha); var o=r.Concat(h).ToArray(); Vectors.Normalize(o); return o; }
      var de=tv.Select(E).ToArray();
      var vs=qs.Keys.ToDictionary(q=>q,q=>{var e=E(qv[q]); return de.Select(d=>Vectors.Dot(d,e)).ToArray();});

      var cov=qs.Keys.ToDictionary(q=>q,q=>qv[q].Terms.Sum(t=>df.TryGetValue(t.Term,out var d)?Math.Log(1+(docs.Length-d+.5)/(d+.5))*t.Count:0));
      float[] TopMask(float[] v,int n){ var o=Enumerable.Range(0,v.Length).OrderByDescending(i=>v[i]).Take(n).ToHashSet(); return v.Select((x,i)=>o.Contains(i)?x:0).ToArray(); }
      Console.WriteLine($"{name} vec={Ndcg(q=>vs[q]):F4}");
      foreach(var w in new[]{.3,.4,.5,.6,.7}) Console.WriteLine($"  w={w} abs={Ndcg(q=>{var a=bm[q];var v=vs[q]; return a.Select((x,i)=>(float)((1-w)*x/Math.Max(cov[q],1e-9)+w*v[i])).ToArray();}):F4} max={Ndcg(q=>{var a=bm[q];var mx=a.Max();var v=vs[q];var vm=v.Max(); return a.Select((x,i)=>(float)((1-w)*x/Math.Max(mx,1e-9)+w*v[i]/vm)).ToArray();}):F4} max100={Ndcg(q=>{var a=TopMask(bm[q],100);var mx=a.Max();var v=TopMask(vs[q],100);var vm=v.Max(); return a.Select((x,i)=>(float)((1-w)*x/Math.Max(mx,1e-9)+w*v[i]/vm)).ToArray();}):F4} minmax100={Ndcg(q=>{var a=TopMask(bm[q],100);var mx=a.Max();var v=TopMask(vs[q],100);var vm=v.Max();var vn=v.Where(x=>x>0).Min(); var an=a.Where(x=>x>0).Min(); return a.Select((x,i)=>(float)((1-w)*Math.Max(0,(x-an)/(mx-an))+w*Math.Max(0,(v[i]-vn)/(vm-vn)))).ToArray();}):F4}");
    }
  }
}
