import { useEffect, useState } from 'preact/hooks'
import { type Route, route } from '../router.ts'
import { nodeNow } from './nodeClock.ts'
import type { State, Store } from './store.ts'

/** The store's state; renders again when it changes, at most once a frame. */
export function useStore(store: Store): State {
  const [state, setState] = useState(store.get())
  useEffect(() => {
    let frame = 0
    const stop = store.subscribe(() => {
      cancelAnimationFrame(frame)
      // A hidden tab gets no frames: then at once.
      if (document.hidden) setState(store.get())
      else frame = requestAnimationFrame(() => setState(store.get()))
    })
    setState(store.get())
    return () => {
      cancelAnimationFrame(frame)
      stop()
    }
  }, [store])
  return state
}

/** The node's clock, once a second: what makes ages tick. */
export function useNow(): number {
  const [now, setNow] = useState(nodeNow())
  useEffect(() => {
    const timer = setInterval(() => setNow(nodeNow()), 1000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(now, nodeNow() - 1000)
}

/** The route of the address, live. */
export function useRoute(): Route {
  const [current, setCurrent] = useState(route(location.hash))
  useEffect(() => {
    const take = (): void => setCurrent(route(location.hash))
    addEventListener('hashchange', take)
    return () => removeEventListener('hashchange', take)
  }, [])
  return current
}
